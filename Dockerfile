# Loss Geometry in a container: CPU by default.
#   docker build -t loss-geometry .
#   docker build -t loss-geometry --build-arg ACCELERATOR=gpu --build-arg CUDA=12.9 .     (run with --gpus all)
#   docker run -p 8501:8501 -v loss-geometry:/data loss-geometry
# PyTorch comes from conda-forge, where one name per accelerator gives the build without gigabytes that are not used;
# everything else is pinned by constraints.txt.
FROM mambaorg/micromamba:2-debian12-slim

ARG ACCELERATOR=cpu
ARG CUDA=12.9
ENV CONDA_OVERRIDE_CUDA=${CUDA} MAMBA_DOCKERFILE_ACTIVATE=1 PYTHONUNBUFFERED=1
RUN micromamba install --yes --name base --channel conda-forge \
        python=3.12 pip "pytorch-${ACCELERATOR}>=2.11,<2.14" \
    && micromamba clean --all --yes

USER root
RUN install --directory --owner "$MAMBA_USER" /app /data
USER $MAMBA_USER
WORKDIR /app

COPY --chown=$MAMBA_USER:$MAMBA_USER . .
# conda-forge decides about torch and numpy; the other pins hold.
RUN grep --invert-match --extended-regexp '^(torch|numpy|sympy|networkx|filelock|fsspec)==' constraints.txt > /tmp/constraints.txt \
    && pip install --no-cache-dir --constraint /tmp/constraints.txt --editable .

ENV LOSS_GEOMETRY_RUNS=/data/runs LOSS_GEOMETRY_DATA=/data/idx
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/healthz', timeout=4)"
CMD ["loss-geometry", "serve", "--host", "0.0.0.0"]

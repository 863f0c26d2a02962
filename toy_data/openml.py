"""Downloads from OpenML through scikit-learn, with a bar that shows how far they are."""

import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import fetch_openml
from tqdm import tqdm
from tqdm.utils import CallbackIOWrapper

#: Seconds without an answer after which a server counts as out of reach.
PATIENCE = 30.0


def download(number: int, folder: Path) -> tuple[str, NDArray[np.float64], NDArray[Any]]:
    """Download a data set of OpenML; return its name, the samples ``(N, F)`` and their labels ``(N,)``.

    Each file that has arrived whole stays in ``folder`` and is not downloaded again. Raises what urllib and
    scikit-learn raise.
    """
    with progress(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of each new attempt
        found = fetch_openml(data_id=number, data_home=folder, as_frame=False, n_retries=2, delay=1.0)
    return found.details["name"], found.data, found.target


@contextmanager
def progress() -> Iterator[None]:
    """Show a bar for each answer that urllib reads meanwhile: scikit-learn downloads through it and shows none."""
    urllib.request.install_opener(urllib.request.build_opener(_Bars()))
    try:
        yield
    finally:
        urllib.request.install_opener(urllib.request.build_opener())


@final
class _Bars(urllib.request.BaseHandler):
    handler_order = 2000  # after redirects and errors have been dealt with, at 1000

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        if not isinstance(request.timeout, float):  # nobody set one: it would wait for ever
            request.timeout = PATIENCE
        return request

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        if not isinstance(response, HTTPResponse):  # a redirect: the answer behind it has its bar already
            return response
        size = response.headers.get("Content-Length", "")
        bar = tqdm(
            desc=Path(request.selector).name[:30],
            total=int(size) if size.isdigit() else None,
            unit="B",
            unit_scale=True,
            unit_divisor=1024,
        )

        def read(count: int) -> None:
            bar.update(count)
            if count == 0:
                bar.close()

        return CallbackIOWrapper(read, response, "read")

    https_request = http_request
    https_response = http_response

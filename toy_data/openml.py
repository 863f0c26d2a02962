"""Downloads from OpenML through scikit-learn, with a progress bar."""

import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import fetch_openml
from tqdm import tqdm

#: Seconds without an answer after which a server counts as out of reach.
PATIENCE = 30.0
#: Seconds between two attempts to reach it.
PAUSE = 1.0


def download(number: int, folder: Path) -> tuple[str, NDArray[np.float64], NDArray[Any]]:
    """Download a data set of OpenML; return its name, the samples ``(N, F)`` and their labels ``(N,)``.

    Each file that has arrived whole stays in ``folder`` and is not downloaded again. The bars have the folder's name.
    Raises the errors of urllib and scikit-learn, and ``ConnectionError`` where an answer breaks off.
    """
    with progress(folder.stem), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of each new attempt
        # not pandas: it turns names of classes into whole numbers, which scikit-learn then takes for texts (#34892)
        bunch = fetch_openml(
            data_id=number, data_home=folder, as_frame=False, parser="liac-arff", n_retries=2, delay=PAUSE
        )
    return bunch.details["name"], bunch.data, bunch.target


@contextmanager
def progress(name: str) -> Iterator[None]:
    """Show a bar for each answer that urllib reads inside the block. scikit-learn downloads through urllib."""
    urllib.request.install_opener(urllib.request.build_opener(_Bars(name)))
    try:
        yield
    finally:
        urllib.request.install_opener(urllib.request.build_opener())


@final
class _Bars(urllib.request.BaseHandler):
    handler_order = 2000  # after the handlers of redirects and errors, which are at 1000

    def __init__(self, name: str) -> None:
        self._name = name

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        if not isinstance(request.timeout, float):  # without one it would wait for ever
            request.timeout = PATIENCE
        return request

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        if not isinstance(response, HTTPResponse):  # after a redirect, whose answer has its bar already
            return response
        length = response.headers.get("Content-Length", "")
        size = int(length) if length.isdigit() else None
        bar = tqdm(desc=self._name, total=size, unit="B", unit_scale=True, unit_divisor=1024)
        return _Answer(response, bar, size)

    https_request = http_request
    https_response = http_response


@final
class _Answer:
    """An answer that moves a bar while it is read, and raises ``ConnectionError`` where it ends too early.

    http.client does not notice that. All errors of the network become ``ConnectionError``, so that any other
    ``OSError`` comes from the disk.
    """

    def __init__(self, response: HTTPResponse, bar: Any, size: int | None) -> None:
        self._response, self._bar, self._left = response, bar, size

    def read(self, count: int | None = None) -> bytes:
        try:
            piece = self._response.read(count)
        except (OSError, HTTPException) as error:
            self._bar.close()
            raise ConnectionError(str(error)) from error
        self._bar.update(len(piece))
        if self._left is not None:
            self._left -= len(piece)
        if not piece or count is None:
            self._bar.close()
            if self._left:
                raise ConnectionError("the answer ended early")
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)

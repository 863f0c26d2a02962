"""What is refused before the server starts: a folder that cannot be made, an address that cannot be listened on."""

import errno
import os
import socket

import pytest

from app.cli import launch
from app.cli.main import main


@pytest.fixture
def commands_run(monkeypatch):
    """The commands that would have become the server."""
    commands = []
    monkeypatch.setenv("LOSS_GEOMETRY_RUNS", "")
    monkeypatch.setattr(launch.os, "execv", lambda program, command: commands.append(command))
    return commands


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def refusal(capsys, *line):
    assert main(["serve", *map(str, line)]) == 2
    output = capsys.readouterr()
    assert not output.out
    return output.err


def test_the_folder_of_the_recordings_is_made(commands_run, port, tmp_path):
    assert main(["serve", "--port", str(port), "--runs", str(tmp_path / "no" / "such")]) is None
    assert (tmp_path / "no" / "such").is_dir()
    assert len(commands_run) == 1


def test_a_folder_that_cannot_be_made_is_refused(commands_run, port, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("precious")
    for folder, reason in (("file", "Not a directory"), ("file/deep", "Not a directory"), ("x" * 300, "name too long")):
        output = refusal(capsys, "--port", port, "--runs", tmp_path / folder)
        assert output.startswith(f"{tmp_path / folder} cannot be the folder of the recordings: ")
        assert output.endswith(f"{reason}.\n")
    monkeypatch.setenv("LOSS_GEOMETRY_RUNS", str(tmp_path / "file"))
    assert "file cannot be the folder" in refusal(capsys, "--port", port)
    assert "file 不能用作录制文件的文件夹" in refusal(capsys, "--port", port, "--language", "zh")
    assert (tmp_path / "file").read_text() == "precious"
    assert not commands_run


def test_a_port_that_is_taken_is_refused(commands_run, capsys, tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "0.0.0.0"):
            output = refusal(capsys, "--host", host, "--port", port, "--runs", tmp_path / "runs")
            assert output == f"Port {port} is taken by another program; choose another one with --port.\n"
        assert refusal(capsys, "--port", port, "--language", "zh").startswith(f"端口 {port} 已被其他程序占用")
    assert not (tmp_path / "runs").exists()
    assert not commands_run


def test_a_port_that_was_left_a_moment_ago_is_free(commands_run, port):
    with socket.create_server(("127.0.0.1", port)) as server, socket.create_connection(("127.0.0.1", port)) as caller:
        answer, _ = server.accept()
        answer.close()  # who closes first keeps the port for a minute
        assert caller.recv(1) == b""
    main(["serve", "--port", str(port)])
    assert len(commands_run) == 1


def test_a_host_that_is_none_is_refused(commands_run, monkeypatch, capsys):
    for host in ("", "a..b", "x" * 70):
        assert refusal(capsys, "--host", host) == f"No address is known for the host {host[:40]!r}.\n"

    def unknown(*arguments, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert refusal(capsys, "--host", "nope.invalid") == "No address is known for the host 'nope.invalid'.\n"
    assert not commands_run


def test_an_address_of_another_machine_is_refused(commands_run, port, capsys):
    output = refusal(capsys, "--host", "192.0.2.1", "--port", port)  # an address that no machine has
    assert output == f"The app cannot listen on 192.0.2.1, port {port}: {os.strerror(errno.EADDRNOTAVAIL)}.\n"
    assert not commands_run

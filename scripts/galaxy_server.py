#!/usr/bin/env python3
"""Install a real Galaxy and run it with this repository's tools, for the tests in tests/galaxy.

    scripts/galaxy_server.py install    Galaxy, planemo, playwright and (root on Debian) Chromium
    scripts/galaxy_server.py start      prints the address and the keys as JSON when it answers
    scripts/galaxy_server.py status     exits 1 when no server answers
    scripts/galaxy_server.py stop       ends what `start` started
    scripts/galaxy_server.py restart    `stop`, then `start`

Everything lies in .cache/galaxy: the environments, and in run/ the server's files and logs, which
`start` makes anew each time. The tools' commands come from bin/ and .venv. Jobs run on this
machine, or, for the user docker@example.org, in the image that each tool names.
Galaxy listens on 127.0.0.1 only. Needs Python 3.11 or newer.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "galaxy"
RUN = CACHE / "run"
RECORD = RUN / "server.json"
SUITE = ROOT / "galaxy"

GALAXY = "26.1.2"
# Not the metapackage `galaxy`: these three are what a server with the web page needs.
SERVER_PACKAGES = [f"galaxy-{part}=={GALAXY}" for part in ("app", "web-apps", "web-client")]
CLIENT_PACKAGES = ["planemo==0.75.47", "bioblend==1.9.0", "playwright==1.65.2"]
# In the order in which a person meets them.
TOOLS = ["augment", "normalise", "train_rf", "train_dl", "evaluate", "deeplift_score"]
START_SECONDS = 600
PASSWORD = "small-rna-tests"
USERS = {"user": "ada@example.org", "docker": "docker@example.org", "admin": "admin@example.org"}

# Where a job runs: our tools here or, for the user docker@example.org, in their images;
# Galaxy's own tools with Galaxy's Python.
RULES = '''
def choose(user, tool):
    """Choose the environment of a job by its tool and its user."""
    if not tool.id.startswith("srna_augment"):
        return "galaxy"
    return "docker" if user is not None and user.email.startswith("docker@") else "suite"
'''


def fail(message: str) -> None:
    """Say in a line what went wrong, and stop."""
    sys.exit(f"galaxy_server: {message}")


def say(message: str) -> None:
    """Log a line to standard error; standard output is for the record alone."""
    print(f"galaxy_server: {message}", file=sys.stderr, flush=True)


# --- install ---------------------------------------------------------------------------------


def install() -> None:
    """Make the two environments, and get Chromium where apt can."""
    CACHE.mkdir(parents=True, exist_ok=True)
    make_environment("venv", SERVER_PACKAGES)
    make_environment("client", CLIENT_PACKAGES)
    install_chromium()


def make_environment(name: str, packages: list[str]) -> None:
    """Make the environment `name` with uv, unless it holds these packages already."""
    folder = CACHE / name
    stamp = folder / "srna-augment-packages.json"
    if stamp.exists() and json.loads(stamp.read_text()) == packages:
        return
    found = subprocess.run(
        [ROOT / "scripts" / "install-uv.sh"], stdout=subprocess.PIPE, check=False
    )
    if found.returncode:
        fail("uv cannot be installed: see the lines above")
    uv = found.stdout.decode().strip()
    say(f"installing {', '.join(packages)}")
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *packages],
    ):
        if subprocess.run(command, check=False).returncode:
            fail(f"cannot make {folder}: see the lines above")
    stamp.write_text(json.dumps(packages))


def chromium() -> str | None:
    """Return the path of Chromium or Chrome, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None


def install_chromium() -> None:
    """Install Chromium by apt; without it the browser test is skipped."""
    if chromium():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say("no Chromium here, and apt cannot install it: the browser test will be skipped")
        return
    say("installing chromium")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install_line = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
    with (CACHE / "apt.log").open("w") as log:
        for command in (
            ["apt-get", "update", "-qq"],
            [*install_line, "chromium", "fonts-dejavu-core"],
        ):
            if subprocess.run(
                command, stdout=log, stderr=log, env=environment, check=False
            ).returncode:
                say(f"apt failed (see {log.name}): the browser test will be skipped")
                return


# --- the server's files ----------------------------------------------------------------------


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_configuration(port: int, admin_key: str) -> None:
    """Write the files that Galaxy reads: galaxy.yml, tools, jobs, containers, rules.

    Values are JSON, which is YAML too.
    """
    # Two processes write to it: let each wait for the other.
    database = f"sqlite:///{RUN}/universe.sqlite?isolation_level=IMMEDIATE&timeout=60"
    bundled = next(CACHE.glob("venv/lib/python3*/site-packages/galaxy/tools/bundled"))
    galaxy = {
        "data_dir": str(RUN / "data"),
        "cache_dir": str(RUN / "cache"),
        "file_path": str(RUN / "objects"),
        "new_file_path": str(RUN / "tmp"),
        "job_working_directory": str(RUN / "jobs"),
        "database_connection": database,
        "install_database_connection": f"sqlite:///{RUN}/install.sqlite",
        "tool_config_file": str(RUN / "tool_conf.xml"),
        "job_config_file": str(RUN / "job_conf.yml"),
        "container_resolvers_config_file": str(RUN / "container_resolvers.yml"),
        "dependency_resolvers_config_file": str(RUN / "dependency_resolvers.xml"),
        "tool_data_table_config_path": str(SUITE / "tool_data_table_conf.xml.test"),
        "tour_config_dir": str(SUITE / "tours"),
        "id_secret": secrets.token_hex(16),
        "bootstrap_admin_api_key": admin_key,
        "admin_users": USERS["admin"],
        "allow_user_creation": True,
        "require_login": False,
        "conda_auto_init": False,
        "involucro_auto_init": False,
        "enable_tool_shed_check": False,
        "enable_celery_tasks": True,
        "metadata_strategy": "directory_celery",
        "job_queue_monitor_sleep": 0.2,  # hence jobs are seen at once, on an idle test server
        "job_runner_monitor_sleep": 0.2,
        "workflow_monitor_sleep": 0.2,
        # As docs/galaxy/administrators.md asks: otherwise Galaxy shows the page as its source.
        "sanitize_allowlist_file": str(RUN / "sanitize_allowlist.txt"),
        "cleanup_job": "never",  # the tests look at what jobs left behind
        "brand": "sRNA augment",
        "galaxy_infrastructure_url": f"http://127.0.0.1:{port}",
    }
    docker = {
        "runner": "local",
        "docker_enabled": True,
        "docker_sudo": False,
        "docker_volumes": "$defaults",
        "docker_net": "none",
        "require_container": True,
        "docker_cmd": docker_client() or "docker",
    }
    jobs = {
        "runners": {
            "local": {"load": "galaxy.jobs.runners.local:LocalJobRunner", "workers": 3},
            "dynamic": {"rules_module": "srna_augment_rules"},
        },
        "execution": {
            "default": "choose",
            "environments": {
                "choose": {"runner": "dynamic", "type": "python", "function": "choose"},
                "suite": {"runner": "local", "env": path_with(ROOT / "bin", ROOT / ".venv/bin")},
                "galaxy": {"runner": "local", "env": path_with(CACHE / "venv" / "bin")},
                "docker": docker,
            },
        },
    }
    tools = "\n".join(f'    <tool file="{SUITE / name}.xml"/>' for name in TOOLS)
    files = {
        "galaxy.yml": json.dumps({"galaxy": galaxy}, indent=1),
        "job_conf.yml": json.dumps(jobs, indent=1),
        "container_resolvers.yml": "- type: explicit\n",
        "sanitize_allowlist.txt": "srna_augment\n",
        "dependency_resolvers.xml": "<dependency_resolvers/>\n",
        "tool_conf.xml": f"""<?xml version="1.0"?>
<toolbox>
  <section id="getext" name="Get data">
    <tool file="{bundled}/data_source/upload.xml"/>
  </section>
  <section id="srna" name="Small RNA">
{tools}
  </section>
</toolbox>
""",
        # Galaxy reads rules from a package only.
        "srna_augment_rules/__init__.py": "",
        "srna_augment_rules/destinations.py": RULES,
    }
    (RUN / "srna_augment_rules").mkdir()
    for name, text in files.items():
        (RUN / name).write_text(text)
    # The Tool Shed serves these by itself; for tools of a folder Galaxy looks among its own.
    pictures = bundled.parent.parent / "webapps" / "base" / "static" / "images"
    for picture in (SUITE / "images").glob("*.png"):
        shutil.copy(picture, pictures)


def docker_client() -> str | None:
    """Return the docker command that answers, or None; Debian's own comes before others."""
    for name in ("/usr/bin/docker", "docker"):
        path = shutil.which(name)
        if (
            path
            and subprocess.run([path, "info"], capture_output=True, check=False).returncode == 0
        ):
            return path
    return None


def path_with(*folders: Path) -> list[dict[str, str]]:
    """Return the PATH of jobs, as job_conf.yml says it: these folders, then what there is."""
    path = ":".join([*map(str, folders), os.environ.get("PATH", "/usr/bin:/bin")])
    return [{"name": "PATH", "value": path}]


def server_environment() -> dict[str, str]:
    """Return the environment of Galaxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GALAXY", "VIRTUAL_ENV", "PYTHON", "COVERAGE"))
    }
    return {
        **kept,
        "PYTHONPATH": str(RUN),  # the rules
        # Galaxy would put its own Python first on the PATH of every job; there is none here.
        "VIRTUAL_ENV": str(RUN / "none"),
        "GALAXY_CONFIG_FILE": str(RUN / "galaxy.yml"),
        "HOME": str(RUN / "home"),
        "OMP_NUM_THREADS": "1",
        # A user's locale must not change what the tests see.
        "LC_ALL": "C.UTF-8",
    }


# --- up and down -----------------------------------------------------------------------------


def start() -> None:
    """Bring a fresh server up and print its record; one that answers already is kept."""
    if RECORD.exists():
        if answers(json.loads(RECORD.read_text())["url"]):
            print(RECORD.read_text())
            return
        stop()
    if not (ROOT / ".venv" / "bin" / "python").exists():
        fail(".venv is missing: run make setup")
    if not (CACHE / "venv" / "bin" / "galaxy-web").exists():
        fail("Galaxy is not installed: run scripts/galaxy_server.py install")
    shutil.rmtree(RUN, ignore_errors=True)
    for name in ("data", "tmp", "jobs", "objects", "home"):
        (RUN / name).mkdir(parents=True)
    port, admin_key = free_port(), secrets.token_hex(16)
    write_configuration(port, admin_key)
    url = f"http://127.0.0.1:{port}"
    record = {"url": url, "admin_key": admin_key, "password": PASSWORD, "processes": []}
    RECORD.write_text(json.dumps(record))
    galaxy_bin, configuration = CACHE / "venv" / "bin", str(RUN / "galaxy.yml")
    web = [galaxy_bin / "galaxy-web", "-c", configuration, "-b", f"127.0.0.1:{port}"]
    queues = "celery,galaxy.internal,galaxy.external"
    celery = [galaxy_bin / "celery", "--app", "galaxy.celery", "worker", "--pool", "threads"]
    celery += ["--concurrency", "2", "--queues", queues, "--loglevel", "INFO"]
    begun = time.monotonic()
    launch(record, "web", web)
    # The web process makes the database; celery must not do so at the same time.
    wait_until_it_answers(record, begun)
    launch(record, "celery", celery)
    for role, email in USERS.items():
        key = create_user(url, admin_key, email)
        record[role] = {"email": email, "key": key}
    RECORD.write_text(json.dumps(record, indent=1))
    say(f"{url} answers after {time.monotonic() - begun:.0f} s; log: {RUN / 'web.log'}")
    print(RECORD.read_text())


def launch(record: dict, name: str, command: list) -> None:
    """Start a process in a group of its own, and note it at once so that `stop` finds it."""
    with (RUN / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=RUN,
            env=server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    record["processes"].append({"name": name, "pid": process.pid})
    RECORD.write_text(json.dumps(record, indent=1))


def wait_until_it_answers(record: dict, begun: float) -> None:
    """Wait for the web page, and stop everything if it does not come."""
    pid = record["processes"][0]["pid"]
    while not answers(record["url"]):
        ended = os.waitpid(pid, os.WNOHANG)[0] == pid
        if ended or time.monotonic() - begun > START_SECONDS:
            lines = (RUN / "web.log").read_text(errors="replace").splitlines()[-20:]
            stop()
            fail("Galaxy did not start; its log ends with\n" + "\n".join(lines))
        time.sleep(0.5)


def answers(url: str) -> bool:
    """Tell whether Galaxy answers at this address."""
    try:
        with urllib.request.urlopen(f"{url}/api/version", timeout=10) as reply:
            return bool(json.load(reply).get("version_major"))
    except (OSError, ValueError):
        return False


def call(url: str, key: str, payload: dict) -> dict | str:
    """Send a JSON request to Galaxy's API and return its answer."""
    request = urllib.request.Request(
        url,
        data=json.dumps(payload).encode(),
        headers={"x-api-key": key, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        fail(f"{url}: {error} {error.read().decode(errors='replace')[:300]}")
        raise


def create_user(url: str, admin_key: str, email: str) -> str:
    """Create a user and return an API key for them."""
    name = email.split("@")[0]
    new = {"username": name, "email": email, "password": PASSWORD}
    user = call(f"{url}/api/users", admin_key, new)
    return str(call(f"{url}/api/users/{user['id']}/api_key", admin_key, {}))  # type: ignore[index]


def stop() -> None:
    """End the process groups that `start` noted."""
    if not RECORD.exists():
        return
    processes = json.loads(RECORD.read_text())["processes"]
    for number in (signal.SIGTERM, signal.SIGKILL):
        alive = [entry["pid"] for entry in processes if is_ours(entry["pid"])]
        for pid in alive:
            os.killpg(pid, number)
        until = time.monotonic() + 20
        while any(is_ours(pid) for pid in alive) and time.monotonic() < until:
            time.sleep(0.2)
    RECORD.unlink()


def is_ours(pid: int) -> bool:
    """Tell whether a process lives and is the Galaxy of this folder (ids are used again)."""
    try:
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return False
        return str(CACHE).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def status() -> None:
    """Print the record of the server that answers, or exit with 1."""
    if not RECORD.exists() or not answers(json.loads(RECORD.read_text())["url"]):
        fail("no server answers")
    print(RECORD.read_text())


def restart() -> None:
    """Stop and start, for changed tools."""
    stop()
    start()


def main() -> None:
    """Run the action that the command line names."""
    actions = {
        "install": install,
        "start": start,
        "stop": stop,
        "status": status,
        "restart": restart,
    }
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
    elif len(sys.argv) == 2 and sys.argv[1] in actions:
        actions[sys.argv[1]]()
    else:
        print(__doc__, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# Starts and stops the services that the container and cluster tests use, on a Debian machine, as root:
# a docker daemon and a Slurm cluster of one node.
#
#   scripts/services.sh start|stop|status [docker|slurm]...      both where none is named
#
# `start` installs what is missing by apt, and leaves alone what answers already. Where it is not root
# or not on Debian it says so in a line and exits 0: the tests then skip what they cannot run.
# `stop` ends only what `start` started. `status` exits 1 when a service does not answer.
# Logs and state lie in /run/srna-augment; Slurm's configuration in /etc/slurm while it runs.
set -euo pipefail
# shellcheck disable=SC2317  # functions are called by names put together at the end

state=/run/srna-augment
slurm_conf=/etc/slurm/slurm.conf
mark="# written by srna-augment's scripts/services.sh"

say() { printf 'services: %s\n' "$*"; }
usage() { sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# docker from Debian's own package where there are several: it fits the daemon of that package.
docker_client() { if [ -x /usr/bin/docker ]; then echo /usr/bin/docker; else echo docker; fi; }
docker_answers() { timeout 20 "$(docker_client)" info >/dev/null 2>&1; }
slurm_answers() {
    command -v sinfo >/dev/null &&
        timeout 20 sinfo --noheader --format '%T' 2>/dev/null | grep -Eq '^(idle|mixed|allocated|completing)'
}

# Waits up to $1 seconds for the command that follows.
wait_for() {
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.5
    done
}

install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    say "installing ${missing[*]}"
    apt-get update -qq >"$state/apt.log" 2>&1 &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            "${missing[@]}" >>"$state/apt.log" 2>&1 ||
        { say "apt could not install ${missing[*]}: see $state/apt.log"; return 1; }
}

# Runs a daemon apart from this shell and notes its process: launch NAME COMMAND...
launch() {
    local name="$1"
    shift
    setsid "$@" </dev/null >>"$state/$name.log" 2>&1 &
    echo "$!" >"$state/$name.pid"
}

# Ends the daemon that `launch` noted, if it is still that daemon.
halt() {
    local name="$1" file="$state/$1.pid" pid
    [ -f "$file" ] || return 0
    pid="$(cat "$file")"
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$name" ]; then
        kill "$pid" 2>/dev/null || true
        wait_for 20 gone "$pid" || kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f "$file"
}
gone() { ! [ -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

start_docker() {
    docker_answers && { say "docker answers already"; return; }
    # iptables: the bridge network needs it, and docker.io only recommends it.
    install_packages docker.io iptables || return 1
    docker_answers && { say "docker answers"; return; }
    launch dockerd /usr/sbin/dockerd
    wait_for 40 docker_answers ||
        { say "dockerd does not answer: see $state/dockerd.log"; halt dockerd; return 1; }
    say "docker answers"
}

start_munge() {
    if [ ! -s /etc/munge/munge.key ]; then
        install -m 400 -o munge -g munge /dev/null /etc/munge/munge.key
        head -c 1024 /dev/urandom >/etc/munge/munge.key
    fi
    install -d -m 755 -o munge -g munge /run/munge
    munge --no-input >/dev/null 2>&1 && return
    launch munged runuser -u munge -- /usr/sbin/munged --foreground
    wait_for 15 munge_answers || return 1
    # runuser stays between us and munged; note munged itself.
    pgrep -u munge -x munged | head -n 1 >"$state/munged.pid"
}
munge_answers() { munge --no-input >/dev/null 2>&1; }

write_slurm_conf() {
    local host cpus memory
    host="$(hostname -s)"
    cpus="$(env -u OMP_NUM_THREADS nproc)"
    # What the machine has, less a tenth for itself.
    memory="$(awk '/^MemTotal/ { print int($2 / 1024 * 0.9) }' /proc/meminfo)"
    mkdir -p "$(dirname "$slurm_conf")"
    cat >"$slurm_conf" <<CONF
$mark
ClusterName=srna-augment
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$state/slurmctld
SlurmdSpoolDir=$state/slurmd
SlurmctldPidFile=$state/slurmctld.daemon.pid
SlurmdPidFile=$state/slurmd.daemon.pid
SlurmctldLogFile=$state/slurmctld.log
SlurmdLogFile=$state/slurmd.log
# No control groups and no accounting: a machine for tests may have neither.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
# A lost node's jobs go back to the queue, and the node back to work when it answers again.
JobRequeue=1
ReturnToService=2
SlurmdTimeout=60
SlurmdParameters=config_overrides
SchedulerParameters=sched_min_interval=500000,batch_sched_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=$((memory / cpus))
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
}

start_slurm() {
    slurm_answers && { say "Slurm answers already"; return; }
    install_packages slurm-wlm munge || return 1
    if [ -f "$slurm_conf" ] && ! grep -qF "$mark" "$slurm_conf"; then
        say "Slurm is configured here already ($slurm_conf) but does not answer: left alone"
        return 1
    fi
    start_munge || { say "munged does not answer: see $state/munged.log"; return 1; }
    mkdir -p "$state/slurmctld" "$state/slurmd"
    write_slurm_conf
    halt slurmd
    halt slurmctld
    launch slurmctld /usr/sbin/slurmctld -D
    launch slurmd /usr/sbin/slurmd -D
    wait_for 40 slurm_answers ||
        { say "Slurm does not answer: see $state/slurmctld.log and slurmd.log"; return 1; }
    say "Slurm answers, $(sinfo --noheader --format '%D node, %c processors, %m MB')"
}

stop_docker() {
    if [ ! -f "$state/dockerd.pid" ]; then say "docker was not started from here: left alone"; return; fi
    halt dockerd
    say "docker stopped"
}

stop_slurm() {
    if ! grep -qsF "$mark" "$slurm_conf"; then say "Slurm was not started from here: left alone"; return; fi
    halt slurmd
    halt slurmctld
    halt munged
    rm -rf "$slurm_conf" "$state/slurmctld" "$state/slurmd"
    say "Slurm stopped"
}

status() {
    if "${1}_answers"; then say "$1: answers"; else say "$1: does not answer"; return 1; fi
}

action="${1:-}"
[ "$#" -gt 0 ] && shift
services=("$@")
[ "$#" -gt 0 ] || services=(docker slurm)
for service in "${services[@]}"; do
    case "$service" in
        docker | slurm) ;;
        *) say "unknown service $service" >&2; usage >&2; exit 2 ;;
    esac
done

case "$action" in
    start | stop)
        if [ "$(id -u)" != 0 ] || [ ! -r /etc/debian_version ]; then
            say "not root on Debian, so nothing to $action (${services[*]})"
            exit 0
        fi
        mkdir -p "$state" ;;
    status) ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
esac

failed=0
for service in "${services[@]}"; do
    case "$action" in
        status) status "$service" || failed=1 ;;
        *) "${action}_$service" || failed=1 ;;
    esac
done
exit "$failed"

"""What the scripts that inspect a guest with systemd have in common, and the unit that runs one."""

UNIT = """[Unit]
After=dbus.service systemd-logind.service
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/usr/local/bin/inspect
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
[Install]
WantedBy=multi-user.target
"""

HELPERS = r"""#!/bin/sh
# Runs as a service once the system is up; powers off at the end.
finish() {
  trap - EXIT
  echo "guest: $1"
  journalctl -b --no-pager >/out/journal 2>/dev/null
  tar cf /dev/vdb -C /out . && sync
  systemctl poweroff --force --force
}

trap 'finish "the script ended too early"' EXIT

# try WHAT COMMAND...: what a command says, in /out/WHAT; a failure ends it all.
try() {
  what="$1"
  shift
  timeout 200 "$@" >"/out/$what" 2>&1 || finish "$what failed: $(tail -n 5 "/out/$what")"
}

# samples COUNT: waits until the agent has taken so many more.
samples() {
  tries=0 first="$(sequence)"
  until now="$(sequence)" && [ "${now:-0}" -ge "$((${first:-0} + $1))" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 400 ] || finish "no further samples"
    sleep 0.5
  done
}

# Nothing before the first sample.
sequence() {
  busybox wget -q -O - http://127.0.0.1:8255/api/v1/workloads | sed -n 's/^{"sequence":\([0-9]*\).*/\1/p'
}
"""

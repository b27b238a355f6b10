#!/bin/sh
# Run by systemd after each end of shishigaki.service. Ends that nobody asked for are counted; after six within half an
# hour the version before is asked for, and from then on the next start waits longer, so that a broken program neither
# wears the card nor fills the log. With settings that cannot be used (exit code 78) it waits, and no version is blamed.
#
#   crashed.sh [FOLDER]   FOLDER: where the ends are counted
set -eu
[ "${SERVICE_RESULT:-success}" = success ] && exit 0
folder=${1:-/run/shishigaki-crashes}
ends=$folder/ends
[ "${EXIT_CODE:-} ${EXIT_STATUS:-}" != "exited 78" ] || ends=$folder/ends-by-settings
mkdir -p "$folder"
now=$(cut -d . -f 1 /proc/uptime)
echo "$now" >>"$ends"
recent=$(tail -n 20 "$ends" | while read -r at; do [ "$at" -lt "$((now - 1800))" ] || echo "$at"; done)
number=$(printf '%s\n' "$recent" | grep -c .)
[ "$number" -ge 6 ] || exit 0
tail -n 20 "$ends" >"$ends.new" && mv "$ends.new" "$ends"
[ "$ends" = "$folder/ends-by-settings" ] || systemctl start --no-block shishigaki-return.service
sleep 20 # TimeoutStopSec is 30

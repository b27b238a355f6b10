#!/bin/sh
# The real servers, browser and font that the tests start. Installs what it may, names what is missing.
set -u
packages="sqlite3 mosquitto mosquitto-clients influxdb chromium fonts-noto-cjk strace libfaketime nginx-light caddy gdal-bin dovecot-imapd poppler-utils poppler-data prometheus"
missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing:$missing"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null && exit 0
fi
echo "missing:$missing; their tests will be skipped. To install: sudo apt-get install$missing"
exit 0

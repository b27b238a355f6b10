#!/bin/sh
# The real servers, browser and font that the tests start. Installs what it may, names what is missing.
set -u
packages="sqlite3 shellcheck age mosquitto mosquitto-clients influxdb chromium fonts-noto-cjk strace libfaketime nginx-light caddy gdal-bin dovecot-imapd poppler-utils poppler-data prometheus"
packages="$packages postgresql-15 postgresql-15-postgis-3 patroni etcd-server etcd-client python3-etcd python3-idna haproxy pgbackrest iproute2 minisign"
quicker=chromium-headless-shell  # the same browser without a window; where no such package exists, chromium does
is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }
missing=""
for package in $packages; do
  is_installed "$package" || missing="$missing $package"
done
may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
lacks_quicker() { ! is_installed $quicker && apt-cache show $quicker >/dev/null 2>&1; }
[ -z "$missing" ] && ! { may_install && lacks_quicker; } && exit 0

# Servers of a region start neither now nor with the machine: no database of their own, no service enabled.
keep_region_servers_off() {
  conf=/etc/postgresql-common/createcluster.conf
  [ -e "$conf" ] || { mkdir -p "${conf%/*}" && echo "create_main_cluster = false" >"$conf"; }
  grep -q '^ *create_main_cluster' "$conf" || echo "create_main_cluster = false" >>"$conf"
  command -v systemctl >/dev/null || return 0
  for unit in patroni etcd haproxy; do
    [ -e "/lib/systemd/system/$unit.service" ] || systemctl mask --quiet "$unit.service" || true
  done
}

if may_install; then
  echo "installing:${missing:- $quicker}"
  export DEBIAN_FRONTEND=noninteractive
  keep_region_servers_off
  install() { apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$@" >/dev/null; }
  # shellcheck disable=SC2086  # a list
  apt-get update -qq >/dev/null && { [ -z "$missing" ] || install $missing; } && { install $quicker 2>/dev/null || true; } && exit 0
fi
echo "missing:$missing; their tests will be skipped. To install: sudo apt-get install$missing"
exit 0

#!/bin/sh
# Install or upgrade Shishigaki on 64-bit Raspberry Pi OS, or Debian 12 and later.
#
#   sudo sh install.sh [--wheel FILE] [--no-start]
#
# Without --wheel: the wheel beside this script (a release), else a wheel built from the checkout that
# this script lies in (needs npm). Run it again whenever you like: what is there stays, and a file that
# you have changed is never overwritten; ours then lies beside it as FILE.new.
# 何度実行しても大丈夫です。変更した設定は上書きしません。
set -eu

here=$(cd "$(dirname "$0")" && pwd)
etc=/etc/shishigaki
opt=/opt/shishigaki
user=shishigaki
broker_user=shishigaki.gateway
wheel=
start=yes

say() { printf '%s\n' "$*"; }
die() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }

while [ $# -gt 0 ]; do
  case $1 in
    --wheel) [ $# -ge 2 ] || die "--wheel needs a file"; wheel=$2; shift 2 ;;
    --no-start) start=no; shift ;;
    -h|--help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

check_machine() {
  [ "$(id -u)" = 0 ] || die "must run as root: sudo sh $0"
  command -v apt-get >/dev/null || die "needs Debian or Raspberry Pi OS (apt-get)"
  architecture=$(dpkg --print-architecture)
  case $architecture in
    arm64|amd64) ;;
    *) die "this system is $architecture; a 64-bit one (arm64, amd64) is needed: choose 'Raspberry Pi OS (64-bit)'" ;;
  esac
}

install_packages() {
  missing=
  for package in ca-certificates procps python3 python3-venv mosquitto; do # procps: to reload mosquitto
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
      missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    say "installing packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a list of words
    { apt-get update -q && apt-get install -y -q --no-install-recommends $missing; } >/dev/null ||
      die "apt-get could not install:$missing"
  fi
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Python $(python3 -V | cut -d' ' -f2) is too old; 3.11 is needed (Debian 12, Raspberry Pi OS Bookworm)"
}

make_user() {
  getent passwd "$user" >/dev/null ||
    useradd --system --user-group --home-dir /var/lib/shishigaki --no-create-home \
      --shell /usr/sbin/nologin --comment "Shishigaki gateway" "$user"
  install -d -o "$user" -g "$user" -m 0750 /var/lib/shishigaki
}

# Sets $wheel and $requirements.
find_program() {
  requirements=$here/requirements.txt
  [ -f "$requirements" ] || requirements=$here/../requirements.txt
  [ -f "$requirements" ] || die "requirements.txt is neither beside this script nor above it"
  [ -n "$wheel" ] || wheel=$(find "$here" -maxdepth 1 -name 'shishigaki-*.whl' | sort -V | tail -n 1)
  [ -n "$wheel" ] || build_wheel
  [ -f "$wheel" ] || die "$wheel: no such file"
}

build_wheel() {
  [ -f "$here/../pyproject.toml" ] || die "no wheel beside this script: give one with --wheel FILE"
  command -v npm >/dev/null || die "building from a checkout needs npm: sudo apt-get install npm"
  say "building the wheel"
  built=$(mktemp -d)
  python3 -m venv "$built/venv"
  "$built/venv/bin/pip" wheel --quiet --disable-pip-version-check --no-deps -w "$built" "$here/.."
  wheel=$(find "$built" -maxdepth 1 -name 'shishigaki-*.whl')
}

# A new environment beside the old one, then one rename: a power cut leaves either, never half of one.
install_program() {
  id=$(cat "$wheel" "$requirements" | sha256sum | cut -c 1-12)-$(python3 -c 'import sys; print("py%d%d" % sys.version_info[:2])')
  new=$opt/$id
  if [ ! -e "$new/complete" ]; then
    say "installing the program into $new"
    rm -rf "$new"
    install -d "$opt"
    python3 -m venv "$new"
    "$new/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
    "$new/bin/pip" install --quiet --disable-pip-version-check --no-deps "$wheel"
    "$new/bin/python" -m compileall -q "$new/lib" >/dev/null || true
    sync
    touch "$new/complete"
  fi
  before=$(readlink "$opt/current" || true)
  if [ "$before" != "$id" ]; then
    ln -sfn "$id" "$opt/current.new"
    mv -T "$opt/current.new" "$opt/current"
    changed=yes
  fi
  for old in "$opt"/*-py*; do # the present one and the one before stay
    case ${old##*/} in "$id"|"${before:-$id}") ;; *) rm -rf "$old" ;; esac
  done
  install -d "$opt/doc"
  install -m 0644 "$here"/*.md "$here/config.example.toml" "$opt/doc/"
  cp -R "$here/sightings" "$opt/doc/"
  install -m 0755 "$here/shishigaki" /usr/local/bin/shishigaki
}

# keep SOURCE TARGET MODE OWNER GROUP: put a file where the operator may change it.
keep() {
  stamp=$opt/shipped/$(printf %s "$2" | tr / _)
  install -d "$opt/shipped"
  if [ ! -e "$2" ] || { [ -e "$stamp" ] && cmp -s "$2" "$stamp"; }; then
    cmp -s "$1" "$2" || { install -m "$3" -o "$4" -g "$5" "$1" "$2"; changed=yes; }
  elif ! cmp -s "$1" "$2" && ! cmp -s "$1" "$stamp"; then
    install -m "$3" -o "$4" -g "$5" "$1" "$2.new"
    say "kept your $2; ours is $2.new"
  fi
  install -m 0600 "$1" "$stamp"
}

make_secret() { # NAME: 24 random bytes, made once
  [ -s "$etc/secrets/$1" ] && return
  (umask 077; head -c 24 /dev/urandom | base64 >"$etc/secrets/$1")
}

configure() {
  install -d -o root -g "$user" -m 0750 "$etc"
  install -d -o root -g root -m 0700 "$etc/secrets"
  make_secret mqtt_password
  make_secret dashboard_secret
  keep "$here/config.example.toml" "$etc/config.toml" 0640 root "$user"
}

configure_broker() {
  group=root
  getent group mosquitto >/dev/null && group=mosquitto
  passwd=/etc/mosquitto/shishigaki.passwd
  if ! grep -qs "^$broker_user:" "$passwd"; then
    line=$(mktemp) # mosquitto_passwd -b would show the password to everybody in ps
    printf '%s:%s\n' "$broker_user" "$(cat "$etc/secrets/mqtt_password")" >"$line"
    mosquitto_passwd -U "$line"
    (umask 027; cat "$line" >>"$passwd")
    rm -f "$line"
  fi
  chown "root:$group" "$passwd"
  chmod 0640 "$passwd"
  keep "$here/mosquitto/shishigaki.acl" /etc/mosquitto/shishigaki.acl 0640 root "$group"
  keep "$here/mosquitto/shishigaki.conf" /etc/mosquitto/conf.d/shishigaki.conf 0644 root root
}

install_units() {
  for unit in "$here"/systemd/*; do
    target=/etc/systemd/system/${unit##*/}
    cmp -s "$unit" "$target" || { install -m 0644 "$unit" "$target"; changed=yes; }
  done
}

start_all() {
  if [ ! -d /run/systemd/system ]; then
    systemctl enable --quiet mosquitto.service shishigaki.service shishigaki-backup.timer
    say "systemd is not running here: everything starts at the next boot"
    say_way_in
    return
  fi
  systemctl daemon-reload
  systemctl enable --quiet mosquitto.service shishigaki.service shishigaki-backup.timer
  if [ "$start" = no ]; then
    say_way_in
    return
  fi
  if [ "$changed" = yes ]; then
    systemctl restart mosquitto.service || die "mosquitto does not start: journalctl -u mosquitto"
    systemctl restart shishigaki.service || die "Shishigaki does not start: journalctl -u shishigaki"
  else
    systemctl start mosquitto.service shishigaki.service
  fi
  systemctl start shishigaki-backup.timer
  say "running. Pages: http://$(hostname):8000/  settings: $etc/config.toml  next: $opt/doc/INSTALL.md"
  say_way_in
}

# The last lines: without them the pages end at a login that nobody can pass.
say_way_in() {
  first=$(shishigaki users first 2>/dev/null) || first=
  if [ -n "$first" ]; then # only while nobody has ever been able to log in
    say "the first administrator signs in by this, once, today (最初の管理者はこのQRで一度だけ入れます):"
    printf '%s\n' "$first"
  fi
  say "to log in, register yourself (ログインする人の登録): sudo shishigaki users add NAME --role admin"
}

changed=no
check_machine
install_packages
make_user
find_program
install_program
configure
configure_broker
install_units
start_all

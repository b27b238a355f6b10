#!/bin/sh
# Install or upgrade Shishigaki on 64-bit Raspberry Pi OS, or Debian 12 and later.
#
#   sudo sh install.sh [--answers FILE] [--wheel FILE] [--no-start]
#
# From an unpacked bundle it needs no network once Python and mosquitto are there. Without --wheel: the wheel
# beside this script (a release), else a wheel built from the checkout that this script lies in (needs npm).
# At its end the first hour: `shishigaki setup` asks for site, people and network; without a terminal it takes
# FILE, or /boot/firmware/shishigaki.toml, which is then deleted. Run it again whenever you like: what is there
# stays, and a file that you have changed is never overwritten; ours then lies beside it as FILE.new.
# 何度実行しても大丈夫です。変更した設定は上書きしません。
set -eu

here=$(cd "$(dirname "$0")" && pwd)
etc=/etc/shishigaki
opt=/opt/shishigaki
user=shishigaki
wheel=
answers=
requirements=
program_only=no
start=yes
part=all # or what an upgrade asks for: `build` (an environment beside the present one), `settings`
offline=no

say() { printf '%s\n' "$*"; }
die() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

usage() { sed -n '2,11s/^# \{0,1\}//p' "$0"; }

while [ $# -gt 0 ]; do
  case $1 in
    --wheel) [ $# -ge 2 ] || die "--wheel needs a file"; wheel=$2; shift 2 ;;
    --answers) [ $# -ge 2 ] || die "--answers needs a file"; answers=$2; shift 2 ;;
    --no-start) start=no; shift ;;
    --program-only) program_only=yes; [ $# -ge 2 ] || die "--program-only needs a file of requirements"; requirements=$2; shift 2 ;;
    --build-only) [ $# -ge 2 ] || die "--build-only needs the environment's name"; part=build; wanted=$2; shift 2 ;;
    --settings-only) part=settings; shift ;;
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
  if [ -z "$requirements" ] && [ -f "$here/manifest.json" ]; then # an unpacked bundle
    requirements=$here/wheels/requirements.txt
    wheel=$(find "$here/wheels" -maxdepth 1 -name 'shishigaki-*.whl')
    [ -f "$wheel" ] || die "the bundle is not whole: unpack it again"
    offline=yes
    return
  fi
  [ -n "$requirements" ] || requirements=$here/requirements.txt
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

# Sets $id: the name of the environment of this program, with this machine's Python.
name_program() {
  python=$(python3 -c 'import sys; print("py%d%d" % sys.version_info[:2])')
  if [ "$offline" = yes ]; then sum=$(sha256sum <"$here/manifest.json")
  else sum=$(cat "$wheel" "$requirements" | sha256sum); fi
  id=$(printf %s "$sum" | cut -c 1-12)-$python
}

# A new environment beside the old ones; `complete` in it says that it is whole.
build_program() {
  new=$opt/$id
  [ ! -e "$new/complete" ] || return 0
  say "installing the program into $new"
  rm -rf "$new"
  install -d "$opt"
  python3 -m venv "$new"
  if [ "$offline" = yes ]; then
    "$new/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-index --find-links "$here/wheels" --no-deps --require-hashes -r "$requirements"
    cp "$here/manifest.json" "$new/bundle.json"
  else
    "$new/bin/pip" install --quiet --disable-pip-version-check --no-compile --require-hashes -r "$requirements"
    version=${wheel##*/shishigaki-}
    printf '{"version":"%s"}\n' "${version%%-*}" >"$new/bundle.json"
  fi
  "$new/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-index --no-deps "$wheel"
  "$new/bin/python" -m compileall -q "$new/lib" >/dev/null || true
  install -d "$new/deploy"
  for file in "$here"/*; do
    case ${file##*/} in wheels|manifest.json*|*.whl) ;; *) cp -R "$file" "$new/deploy" ;; esac
  done
  sync
  touch "$new/complete"
  sync
}

point() { # LINK NAME: one rename, so that a power cut leaves the one or the other
  ln -sfn "$2" "$opt/$1.new"
  mv -T "$opt/$1.new" "$opt/$1"
}

# Without a trial, as a person at the machine wants it: `shishigaki upgrade` is the way with one.
use_program() {
  [ ! -e "$opt/upgrade/state.json" ] || die "an upgrade is under way: shishigaki upgrade --check"
  before=$(readlink "$opt/current" || true)
  if [ "$before" != "$id" ]; then
    [ -z "$before" ] || point previous "$before"
    point current "$id"
    changed=yes
  fi
  point last-good "$id"
  for old in "$opt"/*-py*; do # the present one and the one before stay
    case ${old##*/} in "$id"|"$(readlink "$opt/previous" || true)") ;; *) rm -rf "$old" ;; esac
  done
}

install_papers() {
  install -d "$opt/doc"
  install -m 0644 "$here"/*.md "$here/config.example.toml" "$opt/doc/"
  cp -R "$here/sightings" "$opt/doc/"
  put "$here/shishigaki" /usr/local/bin/shishigaki 0755 root root
}

# put SOURCE TARGET MODE OWNER GROUP: a file that is whole or as it was, also after a power cut.
put() {
  part=${2%/*}/.${2##*/}.part
  install -m "$3" -o "$4" -g "$5" "$1" "$part"
  sync "$part"
  mv -fT "$part" "$2"
}

# keep SOURCE TARGET MODE OWNER GROUP: put a file where the operator may change it.
keep() {
  stamp=$opt/shipped/$(printf %s "$2" | tr / _)
  install -d "$opt/shipped"
  if [ ! -e "$2" ] || { [ -e "$stamp" ] && cmp -s "$2" "$stamp"; }; then
    cmp -s "$1" "$2" || { put "$1" "$2" "$3" "$4" "$5"; changed=yes; }
  elif ! cmp -s "$1" "$2" && ! cmp -s "$1" "$stamp"; then
    put "$1" "$2.new" "$3" "$4" "$5"
    say "kept your $2; ours is $2.new"
  fi
  put "$1" "$stamp" 0600 root root
}

make_secret() { # NAME: 24 random bytes, made once
  [ -s "$etc/secrets/$1" ] && return
  (umask 077; head -c 24 /dev/urandom | base64 >"$etc/secrets/.$1.part")
  sync "$etc/secrets/.$1.part"
  mv -fT "$etc/secrets/.$1.part" "$etc/secrets/$1"
}

configure() {
  install -d -o root -g "$user" -m 0750 "$etc"
  install -d -o root -g root -m 0700 "$etc/secrets"
  make_secret mqtt_password
  make_secret dashboard_secret
  # Whose bundles are taken: said once, by the first installation, and never by an upgrade.
  [ ! -f "$here/release.pub" ] || [ -e "$etc/release.pub" ] || put "$here/release.pub" "$etc/release.pub" 0644 root root
  keep "$here/config.example.toml" "$etc/config.toml" 0640 root "$user"
}

configure_broker() {
  group=root
  getent group mosquitto >/dev/null && group=mosquitto
  conf=/etc/mosquitto/conf.d/shishigaki.conf
  if [ -e "$conf" ] && cmp -s "$conf" "$opt/shipped/_etc_mosquitto_conf.d_shishigaki.conf" && grep -q '^listener 1883$' "$conf"; then
    keep "$here/mosquitto/shishigaki-plain.conf" /etc/mosquitto/conf.d/shishigaki-plain.conf 0644 root root
    say "sensors without TLS may stay on port 1883: delete conf.d/shishigaki-plain.conf once none is left"
  fi
  keep "$here/mosquitto/shishigaki.conf" "$conf" 0644 root root
  keep "$here/mosquitto/equipment.conf" /etc/mosquitto/equipment.conf 0640 root "$group"
  install -d /etc/systemd/system/mosquitto.service.d
  keep "$here/mosquitto/mosquitto.service.conf" /etc/systemd/system/mosquitto.service.d/shishigaki.conf 0644 root root
  # Access rules of this site, certificate, the gateway's own account: all may be made again at any time.
  SHISHIGAKI_MQTT__PASSWORD_FILE=$etc/secrets/mqtt_password "$opt/current/bin/shishigaki" broker setup --config "$etc/config.toml"
}

install_units() {
  for unit in "$here"/systemd/*; do
    target=/etc/systemd/system/${unit##*/}
    cmp -s "$unit" "$target" || { put "$unit" "$target" 0644 root root; changed=yes; }
  done
  systemctl enable --quiet mosquitto.service shishigaki.service shishigaki-broker.path shishigaki-upgrade.service \
    shishigaki-backup.timer shishigaki-backup-all.timer shishigaki-drill.timer
}

start_all() {
  if [ ! -d /run/systemd/system ]; then
    say "systemd is not running here: everything starts at the next boot"
    say_next
    return
  fi
  systemctl daemon-reload
  if [ "$start" = no ]; then
    say_next
    return
  fi
  how=start
  [ "$changed" = no ] || how=restart
  systemctl "$how" mosquitto.service || die "mosquitto does not start: journalctl -u mosquitto"
  # Before the first hour it waits: its session at the broker begins under the site's own name.
  { asks && [ -z "$before" ]; } || systemctl "$how" shishigaki.service || die "Shishigaki does not start: journalctl -u shishigaki"
  systemctl start shishigaki-backup.timer shishigaki-backup-all.timer shishigaki-drill.timer shishigaki-broker.path
  asks || say "running. Pages: http://$(hostname):8000/  settings: $etc/config.toml  next: $opt/doc/INSTALL.md"
  first_hour
}

card=/boot/firmware/shishigaki.toml # written together with the card, for a board without a terminal

# Whether the first hour follows: with answers, or at a terminal after the first installation.
asks() {
  [ -n "$answers" ] || [ -f "$card" ] || { [ -z "$before" ] && [ -t 0 ]; }
}

# Later, and as often as you like: sudo shishigaki setup
first_hour() {
  if ! asks; then
    say_next
  elif [ -n "$answers" ]; then
    shishigaki setup --answers "$answers"
  elif [ -f "$card" ]; then
    answers_from_card
  else
    shishigaki setup
  fi
}

# They hold secrets: whoever takes the card out reads its boot partition. What goes wrong leaves them to root.
answers_from_card() {
  kept=$etc/secrets/answers.toml
  put "$card" "$kept" 0600 root root
  rm -f "$card"
  sync
  shishigaki setup --answers "$kept" ||
    die "the answers lie in $kept now; mend what is said above, then: sudo shishigaki setup --answers $kept"
  rm -f "$kept"
}

say_next() {
  say "next (次に): sudo shishigaki setup   site, people, network, the way in (拠点・人・通信・入り方)"
}

changed=no
before=
check_machine
if [ "$program_only" = yes ]; then # for region/setup.sh: a hub has neither gateway nor broker
  find_program
  name_program
  build_program
  use_program
  install_papers
  exit 0
fi
if [ "$part" = settings ]; then # `shishigaki upgrade` has installed and switched the program
  configure
  configure_broker
  install_units
  install_papers
  sync # before the new version is tried: names and links of folders too
  exit 0
fi
[ "$part" = build ] || install_packages
[ "$part" = build ] || make_user
find_program
name_program
if [ "$part" = build ]; then
  [ "$id" = "$wanted" ] || die "this is $id, not $wanted"
  build_program
  exit 0
fi
build_program
use_program
install_papers
configure
configure_broker
install_units
sync
start_all

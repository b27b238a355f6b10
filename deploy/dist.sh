#!/bin/sh
# Make dist/shishigaki-VERSION-install.tar.gz: all that install.sh needs on a machine without npm.
#   sh deploy/dist.sh [PIP]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
pip=${1:-pip}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$pip" wheel --quiet --disable-pip-version-check --no-deps -w "$work" "$root"
version=$(basename "$work"/shishigaki-*.whl | cut -d - -f 2)
folder=$work/shishigaki-$version
mkdir "$folder"
mv "$work"/shishigaki-*.whl "$folder"
cp -R "$root"/deploy/. "$root/requirements.txt" "$root/LICENSE" "$folder"
mkdir -p "$root/dist"
tar -C "$work" --owner=0 --group=0 -czf "$root/dist/shishigaki-$version-install.tar.gz" "shishigaki-$version"
printf '%s\n' "dist/shishigaki-$version-install.tar.gz"

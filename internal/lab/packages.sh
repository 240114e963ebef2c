#!/bin/sh
# Installs the Debian packages that the demo and the tests need and lacks none
# silently: what is missing is named before it is installed.
set -eu
needed='qemu-system-x86 libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients seabios
linux-image-cloud-amd64 busybox-static resource-agents pacemaker-resource-agents fence-agents pacemaker-cli-utils libxml2-utils
iproute2 iputils-arping iputils-ping procps kmod util-linux mount e2fsprogs gcc libc6-dev'
missing=
for package in $needed; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "These Debian packages are missing:$missing" >&2
	echo "Install them as root: apt-get install --no-install-recommends$missing" >&2
	exit 1
fi
echo "Installing the Debian packages that are missing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# The services that these packages bring are not wanted on this machine itself:
# the lab starts its own inside its hosts.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	trap 'rm -f "$policy"' EXIT
fi
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null
echo "Installed."

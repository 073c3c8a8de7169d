#!/bin/sh
# The entry point of the official image, as far as the lab needs it: options alone are redis-server's, which runs as the
# user redis; protected mode is off, as that image is built.
set -eu

if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
    set -- redis-server "$@"
fi
[ "$1" = redis-server ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis {} +
    exec /usr/bin/setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
fi
exec "$@" --protected-mode no

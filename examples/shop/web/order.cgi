#!/bin/sh
# POST places one order and answers with its number.
if [ "$REQUEST_METHOD" != POST ]; then
    printf 'Status: 405 Method Not Allowed\r\nAllow: POST\r\n\r\n'
elif number=$(query "INSERT INTO orders (item) VALUES ('tea, placed with $VERSION') RETURNING id"); then
    printf 'Status: 201 Created\r\nContent-Type: text/plain\r\n\r\norder %s\n' "$number"
else
    printf 'Status: 503 Service Unavailable\r\nContent-Type: text/plain\r\n\r\nthe database is not reachable\n'
fi

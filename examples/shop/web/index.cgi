#!/bin/sh
# The page: which version answers, how it is configured, and whether it reaches the database.
case "$VERSION" in
    1.0.*) colour=steelblue notice="" ;;
    *) colour=seagreen notice="<p>New: free delivery on every order.</p>" ;;
esac
if orders=$(query "SELECT count(*) FROM orders" 2>/dev/null); then
    database="$orders orders in the database"
else
    database="the database is not reachable"
fi
printf 'Content-Type: text/html; charset=utf-8\r\n\r\n'
cat <<PAGE
<!doctype html>
<title>shop $VERSION</title>
<body style="font-family: sans-serif; border-top: 1em solid $colour; margin: 0; padding: 2em">
<h1>shop $VERSION</h1>
$notice
<p>$database</p>
<p>LOG_LEVEL=$LOG_LEVEL, host $(hostname)</p>
<form method="post" action="/cgi-bin/order.cgi"><button>Place an order</button></form>
PAGE

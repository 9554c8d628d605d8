[ "$(sh greet)" = 'Hello!' ] || { echo 'without a name'; exit 1; }

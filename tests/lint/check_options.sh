#!/bin/sh
# check_options.sh VDO: the example and the documentation of the configuration are those that the program prints.
set -eu
"$1" config example | cmp - config/vdo.example.yml || { echo "options: config/vdo.example.yml is out of date: vdo config example > config/vdo.example.yml"; exit 1; }
"$1" config docs > build/options.md
while IFS= read -r line; do
    case $line in '| `'*) grep -qF -- "$line" docs/configuration.md || { echo "options: docs/configuration.md lacks: $line"; exit 1; } ;; esac
done < build/options.md
"$1" config check config/vdo.example.yml >/dev/null

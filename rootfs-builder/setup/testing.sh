# What the scripts named `test` share: sourced with `set -euo pipefail`. $scratch is a directory that goes away.

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

passed() { printf 'ok: %s\n' "$*"; }
failed() { printf 'FAILED: %s\n' "$*"; exit 1; }

# refuses WHAT PATTERN COMMAND...: the command must fail and say something that matches the pattern.
refuses() {
  local what=$1 pattern=$2 output
  shift 2
  if output=$("$@" 2>&1); then failed "$what: accepted"; fi
  grep -qE -- "$pattern" <<< "$output" || failed "$what: expected a message like \"$pattern\", got: $output"
  passed "$what"
}

# The value that the last complete set-up of this checkout gives to $1.
fact() { sed -n "s/^$1=//p" "$(stamp_file)" 2> /dev/null || true; }

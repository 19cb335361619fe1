# The launcher's set-up, sourced by ../../izolo: $home, $cache and $version are set.

die() { printf 'izolo: %s\n' "$*" >&2; exit 1; }

# What a finished set-up comes down to, written to a file that the next start reads instead of looking at every step.
readonly facts=(jdk app kernel rootfs hello vsock_backend daemon_aot)
jdk='' app='' kernel='' rootfs='' hello='' vsock_backend='' daemon_aot=''

# A fast fingerprint of the checkout: names, sizes and times of all files that go into a step. Some milliseconds.
fingerprint() {
  {
    find "$home" -xdev \( -name target -o -name .git -o -path "$home/docs" \) -prune -o -type f -printf '%P %s %T@\n' | LC_ALL=C sort
    printf '%s\n' "$version" "${JAVA_HOME:-}"
  } | sha256sum | cut -d' ' -f1
}

stamp_file() { printf '%s/stamps/%s' "$cache" "$(printf '%s' "$home" | sha256sum | cut -c1-16)"; }

# Takes the facts from the stamp of an earlier set-up if the checkout is as it was then and all files are still there.
read_stamp() {
  local file=$1 key=$2 line name
  [[ -r $file ]] || return 1
  # No process substitution: its child would be left to the JVM that this shell becomes, which never reaps it.
  {
    read -r line && [[ $line == "$key" ]] || return 1
    while IFS='=' read -r name line; do printf -v "$name" '%s' "$line"; done
  } < "$file"
  for name in "${facts[@]}"; do
    [[ $name == daemon_aot && -z ${!name} ]] || [[ -e ${!name} ]] || return 1
  done
}

# Makes everything, or with "java" only what the command itself needs.
set_up() {
  local wanted=$1 key stamp name
  key=$(fingerprint)
  stamp=$(stamp_file)
  if read_stamp "$stamp" "$key"; then return; fi
  . "$home/rootfs-builder/setup/steps.sh"
  mkdir -p "$cache/stamps" "$cache/log"
  # One set-up at a time on this host; the second finds the work done.
  exec 9> "$cache/lock"
  flock --nonblock 9 || { printf 'Another izolo is setting up: waiting for it.\n' >&2; flock 9; }
  if ! read_stamp "$stamp" "$key"; then
    do_steps "$wanted"
    if [[ $wanted == everything ]]; then
      {
        printf '%s\n' "$key"
        for name in "${facts[@]}"; do printf '%s=%s\n' "$name" "${!name}"; done
      } > "$stamp.new"
      mv "$stamp.new" "$stamp"
    fi
  fi
  exec 9>&-
}

# The artefacts as the daemon's and the tests' system properties, in the array $properties.
artefact_properties() {
  local build=${app##*/} # tells builds of one version apart, as semver's build metadata
  properties=(
    "-Dizolo.version=$version+${build:0:8}" "-Dizolo.kernel=$kernel" "-Dizolo.rootfs=$rootfs" "-Dizolo.hello=$hello"
    "-Dizolo.vsockBackend=$vsock_backend" "-Dizolo.daemonOptions=$app/daemon.options"
  )
}

run_java() {
  local properties daemon_options=''
  artefact_properties
  [[ $1 != serve ]] || daemon_options=@$app/daemon.options
  # Each thread takes an arena of malloc's for itself until there are so many; a daemon's threads rest most of the time.
  # Exported for every command, since some start a daemon, which inherits it.
  export MALLOC_ARENA_MAX=2
  exec "$jdk/bin/java" "@$app/java.options" ${daemon_options:+"$daemon_options"} ${daemon_aot:+"-XX:AOTCache=$daemon_aot"} "${properties[@]}" \
    dev.izolo.cli.Main "$@"
}

# The set-up's steps, sourced when a start finds that something may have changed.

# For the host: the VMs and their network. For the build: the Java parts, the guest's kernel and root.
readonly java_needed=25
readonly host_packages=(qemu-system-x86 erofs-utils e2fsprogs iproute2 iptables containernetworking-plugins util-linux)
readonly build_packages=(maven jq xz-utils debian-archive-keyring make gcc libc6-dev binutils flex bison bc perl libelf-dev)

hash_of() { LC_ALL=C sort | sha256sum | cut -c1-20; }
# Contents and names, relative to the checkout: where it lies makes no difference.
hash_files() { (cd "$home" && find "$@" -name target -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); }

elapsed() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", to - from }'; }
report() { printf '  %-22s %s\n' "$1" "$2" >&2; }

# Runs a step, "$4...", unless its result is there: what it leaves in the directory that is its last argument appears
# as directory $2 at once or not at all. $1 names the step, $3 says what to do if it fails.
step() {
  local name=$1 result=$2 cure=$3 log from=$EPOCHREALTIME
  shift 3
  if [[ -d $result ]]; then report "$name" cached; return; fi
  log=$cache/log/${name// /-}.log
  report "$name" '...'
  rm -rf "$result.new"
  mkdir -p "$result.new"
  # In the background, for bash would ignore -e in what `if` calls. (So must nothing call `step` in a condition.)
  ("$@" "$result.new") > "$log" 2>&1 &
  if ! wait $!; then
    rm -rf "$result.new"
    printf '\nizolo: the set-up step "%s" failed. The end of its log (all of it: %s):\n\n' "$name" "$log" >&2
    tail -n 15 "$log" | cut -c1-300 | sed 's/^/    /' >&2
    printf '\n%s\n' "$cure" >&2
    return 1
  fi
  mv "$result.new" "$result"
  report "$name" "done in $(elapsed "$from")"
}

# --- packages and JDK ---------------------------------------------------------------------------------------------

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -q --no-install-recommends "$@" ||
    { apt-get update -q && apt-get install -y -q --no-install-recommends "$@"; }
}

ensure_packages() {
  local missing=() name log=$cache/log/packages.log from=$EPOCHREALTIME
  command -v apt-get > /dev/null || die "needs Debian 12 or 13: there is no apt-get here to install ${*:2}"
  mapfile -t missing < <(
    dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' "${@:2}" 2> /dev/null |
      awk -v wanted="${*:2}" '{ sub(":.*", "", $1); if ($2 == "installed") got[$1] = 1 }
        END { n = split(wanted, names, " "); for (i = 1; i <= n; i++) if (!(names[i] in got)) print names[i] }')
  if [[ ${#missing[@]} -eq 0 ]]; then report "$1" cached; return; fi
  report "$1" "installing ${missing[*]}"
  install_packages "${missing[@]}" > "$log" 2>&1 || {
    tail -n 15 "$log" | sed 's/^/    /' >&2
    die "apt could not install ${missing[*]} (log: $log): see to the network and /etc/apt/sources.list, then try again"
  }
  report "$1" "done in $(elapsed "$from")"
}

# Prints the directory of the JDK to use: JAVA_HOME's if new enough, else the oldest that is new enough.
find_jdk() {
  local dir real release major on_path
  on_path=$(readlink -f "$(command -v javac || true)" || true)
  for dir in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/* /opt/*/* "${on_path%/bin/javac}"; do
    [[ -n $dir && -x $dir/bin/javac && -x $dir/bin/jlink && -r $dir/release ]] || continue
    release=$(sed -nE 's/^JAVA_VERSION="([0-9]+).*/\1/p' "$dir/release")
    major=${release:-0}
    [[ $major -ge $java_needed ]] || continue
    real=$(readlink -f "$dir")
    if [[ $dir == "${JAVA_HOME:-}" ]]; then printf '0 %s\n' "$real"; else printf '%s %s\n' "$major" "$real"; fi
  done | sort -n -s -k1,1 | head -n 1 | cut -d' ' -f2-
}

ensure_jdk() {
  jdk=$(find_jdk)
  if [[ -z $jdk && $(. /etc/os-release && printf '%s%s' "$ID" "${VERSION_ID:-}") == debian13 ]]; then
    ensure_packages jdk openjdk-25-jdk-headless
    jdk=$(find_jdk)
  fi
  [[ -n $jdk ]] || die "needs a JDK $java_needed or newer, and found none in JAVA_HOME, /usr/lib/jvm, /opt or PATH.
  Debian 13 has one: apt-get install openjdk-25-jdk-headless
  Elsewhere: unpack Eclipse Temurin 25 (https://adoptium.net/temurin/releases/?version=25) beneath /opt, or set JAVA_HOME to one."
  report JDK "$(sed -nE 's/^JAVA_RUNTIME_VERSION="(.*)"/\1/p' "$jdk/release") in $jdk"
}

# --- the steps' work: each gets the directory for its result as the last argument -----------------------------------

maven() { JAVA_HOME=$jdk mvn -B -ntp -f "$home/pom.xml" "$@"; }

build_java() {
  local out=$1 part
  maven -DskipTests -pl guest-agent/agent,cri-frontend/daemon -am package \
    org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DincludeScope=runtime -DoutputDirectory=target/lib
  for part in guest-agent/agent cri-frontend/daemon; do
    mkdir -p "$out/${part##*/}"
    cp -p "$home/$part/target/lib"/*.jar "$home/$part/target/${part##*/}-"[0-9]*-SNAPSHOT.jar "$out/${part##*/}/"
  done
  # The AOT cache holds for exactly this class path, so it is written down rather than left to a wildcard.
  {
    cat "$home/rootfs-builder/setup/java.options"
    printf -- '-cp %s\n' "$(cd "$out/daemon" && ls ./*.jar | sed "s,^\./,${out%.new}/daemon/," | LC_ALL=C sort | paste -sd:)"
  } > "$out/java.options"
  cp -p "$home/rootfs-builder/setup/compiler-directives.json" "$out/"
  {
    cat "$home/rootfs-builder/setup/daemon.options"
    printf -- '-XX:CompilerDirectivesFile=%s\n' "${out%.new}/compiler-directives.json"
  } > "$out/daemon.options"
}

take_vsock_backend() {
  local out=$1
  "$home/rootfs-builder/debian" fetch testing "$out/debs" vhost-device-vsock
  "$home/rootfs-builder/debian" extract "$out/debs" "$out/root"
  install -m 0755 "$out/root/usr/bin/vhost-device-vsock" "$out/"
  mv "$out/debs/packages.tsv" "$out/"
  rm -rf "$out/debs" "$out/root"
  "$out/vhost-device-vsock" --version
}

build_kernel() { "$home/kernel-config/build" --output "$1"; }
build_rootfs() { "$home/rootfs-builder/build" --jdk "$jdk" --agent "$app/agent" --output "$1"; }
build_hello() { "$home/rootfs-builder/hello/build" --output "$1"; }

train_daemon() {
  (cd / && "$jdk/bin/java" "@$app/java.options" "-XX:AOTCacheOutput=$1/daemon.aot" \
    "-Dizolo.version=$version" dev.izolo.cli.Main aot-train)
  [[ -s $1/daemon.aot ]]
}

# --- all of them ----------------------------------------------------------------------------------------------------

do_steps() {
  local wanted=$1 kernel_pid=0 from=$EPOCHREALTIME
  printf 'Setting up (results are kept in %s):\n' "$cache" >&2
  if [[ $wanted == java ]]; then
    ensure_packages packages maven
  else
    ensure_packages packages "${host_packages[@]}" "${build_packages[@]}"
  fi
  ensure_jdk
  local java_key kernel_key rootfs_key hello_key vsock_key
  java_key=$({ hash_files guest-agent hypervisor-qemu cri-frontend pom.xml \
    rootfs-builder/setup/{java.options,daemon.options,compiler-directives.json}; cat "$jdk/release"; } | hash_of)
  kernel_key=$({ hash_files kernel-config/{build,check,fragments}; gcc --version 2> /dev/null || true; } | hash_of)
  vsock_key=$(hash_files rootfs-builder/debian | hash_of)
  hello_key=$(hash_files rootfs-builder/debian rootfs-builder/hello | hash_of)
  app=$cache/app/$java_key
  kernel=$cache/kernel/$kernel_key/vmlinux
  hello=$cache/hello/$hello_key
  vsock_backend=$cache/host/$vsock_key/vhost-device-vsock

  local network_cure="If the network or Debian's mirror is the cause, try again: what is done stays done."
  if [[ $wanted == everything ]]; then
    # By far the longest, and nothing else waits for it.
    step 'guest kernel' "${kernel%/vmlinux}" "$network_cure" build_kernel &
    kernel_pid=$!
    # An interrupted or failed set-up must not leave the compiler running.
    trap 'kill_tree '"$kernel_pid" EXIT
  fi
  step 'Java build' "$app" "If Maven cannot fetch something, see to ~/.m2/settings.xml and the network, then try again." build_java
  rootfs_key=$({ hash_files rootfs-builder/{build,debian,java.options,packages,root}; cd "$app/agent" && sha256sum ./*.jar; cat "$jdk/release"
    mkfs.erofs --version 2>&1 || true; } | hash_of)
  rootfs=$cache/rootfs/$rootfs_key/rootfs.erofs
  if [[ $wanted == everything ]]; then
    step 'vsock backend' "${vsock_backend%/*}" "$network_cure" take_vsock_backend
    step 'guest root' "${rootfs%/rootfs.erofs}" "$network_cure" build_rootfs
    step 'hello image' "$hello" "$network_cure" build_hello
    # It only makes starts faster, so nothing fails for want of it.
    daemon_aot=$cache/aot/$java_key/daemon.aot
    step 'daemon start-up' "${daemon_aot%/*}" "Going on: starts of the daemon will be slower." train_daemon &
    wait $! || daemon_aot=
    wait "$kernel_pid" || exit 1
    trap - EXIT
    printf 'Set up in %s.\n\n' "$(elapsed "$from")" >&2
  else
    # Without the rest of the set-up: name only what is there.
    local name
    for name in kernel rootfs hello vsock_backend; do [[ -e ${!name} ]] || printf -v "$name" ''; done
    [[ ! -s $cache/aot/$java_key/daemon.aot ]] || daemon_aot=$cache/aot/$java_key/daemon.aot
  fi
}

kill_tree() {
  local child
  for child in $(ps -o pid= --ppid "$1" 2> /dev/null); do kill_tree "$child"; done
  kill "$1" 2> /dev/null || true
}

# `izolo test` and `izolo bench`, sourced by ../../izolo.

readonly suites_file=$home/tests/suites.tsv

list_suites() {
  local name description
  while IFS=$'\t' read -r name _ _ _ description; do printf '  %-10s %s\n' "$name" "$description"; done < <(suites)
}

suites() { grep -vE '^(#|$)' "$suites_file"; }

# Runs Maven for one suite, all output to its log, what a person wants to see of it to the terminal. To be called in a
# condition: its own pipeline may fail. A module with a failed test must not keep those that depend on it from running
# theirs, so Maven is told to go on, and the log says whether all passed.
run_suite() {
  local name=$1 modules=$2 included=$3 excluded=$4 log=$cache/log/test-$1.log
  local arguments=(-B -ntp -Dstyle.color=never -Dmaven.test.failure.ignore=true -f "$home/pom.xml" "${properties[@]}")
  [[ $modules == - ]] || arguments+=(-pl "$modules" -am)
  [[ $included == - ]] || arguments+=("-Dtest.included=$included")
  if [[ $excluded == - ]]; then arguments+=(-Dtest.excluded=); else arguments+=("-Dtest.excluded=$excluded"); fi
  JAVA_HOME=$jdk PATH=$jdk/bin:$PATH mvn "${arguments[@]}" test 2>&1 | tee "$log" |
    grep --line-buffered -vE '^\[INFO\] *(---.*)?$|^\[INFO\] (Scanning|Building|Nothing to compile|Copying|skip|Using|No sources|Reactor|from )|^\[INFO\] -+'
  [[ ${PIPESTATUS[0]} == 0 && $(counts "$log") == *'Failures: 0, Errors: 0,'* ]] &&
    ! grep -q 'The forked VM terminated\|There was a timeout in the fork\|crashed' <(grep '^\[ERROR\]' "$log")
}

# One line for a suite: what its modules' closing counts add up to.
counts() {
  awk '/^\[[A-Z]+\] Tests run: [0-9]+, Failures: [0-9]+, Errors: [0-9]+, Skipped: [0-9]+ *$/ {
      gsub(",", ""); run += $4; failures += $6; errors += $8; skipped += $10 }
    END { printf "Tests run: %d, Failures: %d, Errors: %d, Skipped: %d", run, failures, errors, skipped }' "$1"
}

run_tests() {
  local wanted=("$@") name modules included excluded line all='' crictl guest=java failed=0 summary='' properties
  for line in "${wanted[@]}"; do
    suites | cut -f1 | grep -qxF -- "$line" || die "there is no test suite \"$line\"; these are:
$(list_suites)"
  done
  [[ ${#wanted[@]} -gt 0 ]] || mapfile -t wanted < <(suites | cut -f1)
  # A suite of untagged tests runs no VM.
  while IFS=$'\t' read -r name _ included _; do
    [[ " ${wanted[*]} " != *" $name "* || $included == - ]] || guest=everything
  done < <(suites)
  set_up "$guest"
  crictl=$("$home/tests/setup" | tail -n 1) || die "the tests' own set-up failed: see above"
  artefact_properties
  properties+=("-Dizolo.command=$home/izolo" "-Dizolo.crictl=$crictl/crictl")
  for line in "${wanted[@]}"; do
    IFS=$'\t' read -r name modules included excluded _ < <(suites | awk -F'\t' -v name="$line" '$1 == name')
    printf '\n=== %s\n' "$name"
    if run_suite "$name" "$modules" "$included" "$excluded"; then all=passed; else all=FAILED failed=1; fi
    # A suite that has lost its tests must not look like one that passed.
    if [[ $all == passed && $(counts "$cache/log/test-$name.log") == 'Tests run: 0,'* ]]; then all='FAILED (no test ran)' failed=1; fi
    summary+=$(printf '%-10s %s  %s' "$name" "$all" "$(counts "$cache/log/test-$name.log")")$'\n'
  done
  printf '\nSuites (logs: %s/log/test-*.log):\n%s' "$cache" "$summary"
  exit "$failed"
}

run_bench() {
  local properties log=$cache/log/bench-build.log
  crictl=$("$home/tests/setup" | tail -n 1) || die "the tests' own set-up failed: see above"
  JAVA_HOME=$jdk mvn -B -ntp -q -f "$home/pom.xml" -DskipTests -pl tests -am package \
    org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DincludeScope=test \
    -DoutputDirectory=target/test-lib > "$log" 2>&1 || { tail -n 15 "$log" >&2; die "the benchmark does not build (log: $log)"; }
  artefact_properties
  exec "$jdk/bin/java" -Xmx512m --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
    -Dlogback.statusListenerClass=ch.qos.logback.core.status.NopStatusListener "${properties[@]}" "-Dizolo.command=$home/izolo" \
    "-Dizolo.crictl=$crictl/crictl" -cp "$home/tests/target/test-classes:$home/tests/target/classes:$home/tests/target/test-lib/*" \
    dev.izolo.bench.BenchMain "$@"
}

#!/bin/sh
# Fuzzes every target for a while: tests/fuzz/run.sh [SECONDS each, 60] [JOBS, 2].
# Needs clang. What crashes is left in build/fuzz/findings: mend the parser, then
# add the file to tests/fuzz/corpus/TARGET.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
jobs=${2:-2}
compiler=${CXX:-clang++}
build=build/fuzz
corpus=tests/fuzz/corpus

cmake -G Ninja -B "$build" -S . -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER="$compiler" \
  -DTALLYMAN_LIBFUZZER=ON >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
ninja -C "$build" -j"$jobs" fuzz_targets >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }

findings=$build/findings
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$findings"

# Writes "TARGET runs" or "TARGET crashed" to $scratch/TARGET.result.
fuzz_one() {
  target=$1
  cp -r "$corpus/$target" "$scratch/$target"
  log=$scratch/$target.log
  if "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=4096 \
    -print_final_stats=1 -artifact_prefix="$findings/$target-" "$scratch/$target" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    found=$(sed -n 's/^stat::new_units_added: *//p' "$log")
    echo "ok       $target: $runs inputs in $seconds s, $found new paths" >"$scratch/$target.result"
  else
    cp "$log" "$findings/$target.log"
    echo "CRASHED  $target: see $findings/$target.log" >"$scratch/$target.result"
  fi
  cat "$scratch/$target.result"
}

running=0
for directory in "$corpus"/*/; do
  fuzz_one "$(basename "$directory")" &
  running=$((running + 1))
  if [ "$running" -ge "$jobs" ]; then
    wait
    running=0
  fi
done
wait
! grep -q ^CRASHED "$scratch"/*.result

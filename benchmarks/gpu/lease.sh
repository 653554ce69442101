#!/usr/bin/env bash
# What is worth doing on a machine with a CUDA device, in order of value, each part with a time limit of its own:
# tests, speed entries, distillation of esm2-mini, models on Bernett's pairs. From the root of the repository:
#
#   bash benchmarks/gpu/lease.sh [PART ...]      parts: tests speed distil bernett (default: tests speed)
#
# Results and logs go to $OUT (default ./gpu_results). PYTHON (default python3), TEACHER and ENCODER (folders of ESM-2 8M),
# DISTIL_MINUTES, STUDENT (weights to go on from) and BERNETT_SECONDS may be set. The exit status is that of the tests.
set -u
out=${OUT:-$PWD/gpu_results} python=${PYTHON:-python3} parts=${*:-tests speed} status=0
mkdir -p "$out"
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1
export AMP_SKLEARN_CACHE=${AMP_SKLEARN_CACHE:-/tmp/amp_sklearn_cache} NUMBA_CACHE_DIR=${NUMBA_CACHE_DIR:-/tmp/amp_sklearn_numba}

# part LIMIT NAME COMMAND...: runs it, at most LIMIT seconds, with its log in $out/NAME.log
part() {
  local limit=$1 name=$2 begin=$SECONDS; shift 2
  timeout -k 10 "$limit" "$@" > "$out/$name.log" 2>&1
  local code=$?
  echo "== $name: exit status $code after $((SECONDS - begin)) s (limit $limit s)"
  tail -n "${TAIL:-4}" "$out/$name.log"
  return $code
}

"$python" -c 'import numpy, sklearn, torch, transformers as t; print(torch.__version__, torch.cuda.is_available() and torch.cuda.get_device_name(), "transformers", t.__version__, "numpy", numpy.__version__, "scikit-learn", sklearn.__version__)'
for name in $parts; do
  case $name in
    tests)
      TAIL=40 part "${TESTS_SECONDS:-150}" tests "$python" -m pytest -q -p no:cacheprovider -m cuda -n "${WORKERS:-6}" --tb=short -rf --durations=5 tests/cuda || status=1 ;;
    speed)
      part 110 speed "$python" benchmarks/speed/run.py --size "${SPEED_SIZE:-small}" --no-docs --out "$out" \
        --only gpu_embedding_650M gpu_amps_bernett gpu_amps_all_vs_all gpu_late_all_vs_all ;;
    distil)
      minutes=${DISTIL_MINUTES:-3.5}
      limit=$("$python" -c "print(int(60 * $minutes + 75))")
      part "$limit" distil "$python" benchmarks/esm2_mini/distil.py --teacher "${TEACHER:?folder of ESM-2 8M}" \
        --out /tmp/esm2_mini_distilled --minutes "$minutes" ${STUDENT:+--student "$STUDENT"}
      tar -C /tmp -cf "$out/esm2_mini_distilled.tar" esm2_mini_distilled ;;
    bernett)
      limit=${BERNETT_SECONDS:-240}
      minutes=$("$python" -c "print(max($limit - 60, 0) / 60)")
      part "$limit" bernett "$python" benchmarks/evaluation/bernett_all_models.py --encoder "${ENCODER:?folder of ESM-2 8M}" \
        --out /tmp/bernett_all_models --results "$out" --n-jobs "${BERNETT_JOBS:-4}" --minutes "$minutes" ${BERNETT_MODELS:+--models "$BERNETT_MODELS"}
      tar -C /tmp --exclude=.embedded.joblib -cf "$out/bernett_all_models.tar" bernett_all_models ;;  # for --tables-only
    *) echo "no part $name; there are tests speed distil bernett"; status=2 ;;
  esac
done
exit $status

#!/bin/sh
# From nothing to libs/world-model/models: makes the environment, renders, trains, exports, evaluates, writes the cards.
#   ./train.sh                     both models
#   ./train.sh gallery | dream     one of them; options go through: ./train.sh dream --steps 12000, ./train.sh gallery --evaluate-only
# Run it again after a kill: it goes on.
set -eu
cd "$(dirname "$0")"
home="${MERIDIAN_HOME:-$(cd ../../.. && pwd)/.meridian}"
venv="$home/training-venv"
if ! "$venv/bin/python" -c 'import torch, onnxruntime' 2>/dev/null; then
  "${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "training needs Python 3.11 or newer: set PYTHON to one" >&2
    exit 1
  }
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install --quiet -r requirements.lock
fi
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-PASSIVE}" # spinning threads starve whoever shares the machine
case "${1:-}" in
  gallery | dream) models="$1" && shift ;;
  *) models="gallery dream" ;;
esac
for model in $models; do
  nice -n 19 "$venv/bin/python" -m "$model" --work "$home/training/$model" "$@"
done

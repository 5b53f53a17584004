#!/usr/bin/env bash
# RLVR on 100 puzzles on a rented machine with one GPU of 80 GB. Run it in a clone of this repository, inside tmux or
# screen, so that it survives the connection:
#
#   bash recipes/examples/ssh.sh
#
# After an interruption, run it again: it resumes. Not run on a GPU yet; the tests check every command and path in it.
set -euo pipefail

python3 -m venv .venv
source .venv/bin/activate
pip install -c constraints/gpu.txt '.[train]' vllm

export CUDA_VISIBLE_DEVICES=0   # a profile for one GPU asks for one, also where there are several
test -e data/kk.jsonl || knk task kk -n 100 -o data/kk.jsonl
knk plan recipes/rlvr/kk.yaml --with recipes/rlvr/profiles/one-80gb-lora.yaml
knk train recipes/rlvr/kk.yaml --with recipes/rlvr/profiles/one-80gb-lora.yaml --check
knk train recipes/rlvr/kk.yaml --with recipes/rlvr/profiles/one-80gb-lora.yaml
knk report runs/rlvr/kk -o run.html

#!/usr/bin/env bash
# RLVR on 100 puzzles as a Hugging Face Job on one A100 of 80 GB; the model is published in a private repository.
#
#   bash recipes/examples/hf-jobs.sh https://github.com/ORG/knk ORG/knk-rlvr
#
# The arguments are the repository to clone and the model's name on the Hub. Needs `hf auth login` with write access, and
# HF_TOKEN in the environment, which the job gets as a secret. The job's disk is lost when it ends, so the timeout must be
# longer than the run. Follow it with `hf jobs logs ID`. Not run yet; the tests check every command and option in it.
set -euo pipefail
repository=$1 model=$2

hf jobs run --detach --name knk --flavor a100-large --timeout 12h --secrets HF_TOKEN python:3.12 bash -c "\
    git clone --depth 1 $repository knk && cd knk && bash recipes/examples/ssh.sh && \
    .venv/bin/knk publish --model runs/rlvr/kk $model"

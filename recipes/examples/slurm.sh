#!/usr/bin/env bash
#SBATCH --job-name=knk
#SBATCH --nodes=1
#SBATCH --gres=gpu:6
#SBATCH --cpus-per-task=48
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@180
#
# RLVR on 100 puzzles on one node: five GPUs train, and a vLLM server generates on the sixth. On a node of eight, either
# six of them are enough, or recipes/rlvr/profiles/eight-80gb.yaml uses all and needs no server. First, where there is a
# network, in a clone of this repository:
#
#   python3 -m venv .venv
#   .venv/bin/pip install -c constraints/gpu.txt '.[train]' vllm deepspeed
#   .venv/bin/hf download Qwen/Qwen2.5-3B
#   .venv/bin/knk task kk -n 100 -o data/kk.jsonl
#   sbatch recipes/examples/slurm.sh
#
# Before the time is over, the job stops and queues again, and the same command resumes from the last checkpoint.
# Not run on GPUs yet; the tests check every command and path in it.
set -euo pipefail
source .venv/bin/activate
export HF_HUB_OFFLINE=1

CUDA_VISIBLE_DEVICES=0,1,2,3,4 knk train recipes/rlvr/kk.yaml --set save_steps=10 --check

# The command that `knk plan recipes/rlvr/kk.yaml --gpus 6xH100` prints.
VLLM_SERVER_DEV_MODE=1 CUDA_VISIBLE_DEVICES=5 vllm serve Qwen/Qwen2.5-3B --host 127.0.0.1 --port 8000 \
    --max-model-len 9216 --gpu-memory-utilization 0.9 --weight-transfer-config '{"backend": "nccl"}' \
    --logprobs-mode processed_logprobs --max-logprobs -1 &
server=$!
trap 'kill "$server"' EXIT
until curl --silent --fail http://127.0.0.1:8000/health; do
    kill -0 "$server"   # ends the job if the server has failed
    sleep 5
done

CUDA_VISIBLE_DEVICES=0,1,2,3,4 knk train recipes/rlvr/kk.yaml --set save_steps=10 &
trainer=$!
trap 'kill "$trainer"; wait "$trainer" || true; scontrol requeue "$SLURM_JOB_ID"' TERM
wait "$trainer"
knk report runs/rlvr/kk -o run.html

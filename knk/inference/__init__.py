"""Models are sent prompts, and their answers are stored exactly as they were received.

`knk.inference.run.collect_answers` sends the prompts of any task's items to an engine and stores each answer as soon as
it arrives, so a run that was killed can be resumed.

| module | contents |
|---|---|
| `registry` | the engines by name, for command lines |
| `engine` | `Engine`: what an engine must have; requests, answers and failures |
| `sampling` | `Sampling`: how answers are drawn, and presets |
| `requests` | the requests of a run, made one by one as they are needed |
| `concurrency` | a fixed number of requests in flight |
| `run` | `collect_answers`: sends requests to an engine and stores the answers |
| `store` | a run's folder: answers and failures, one a line; runs resume from it |
| `completions` | stored answers as the model wrote them: with their thinking, and the tag at which they stopped |
| `server` | `ServerEngine`: servers with the OpenAI API |
| `retries` | when a request to a server is sent again, and when it is given up |
| `openai_api` | parsing of such a server's responses, none of which is trusted |
| `openai_message` | the text and the reasoning in them, in whatever fields a server puts these |
| `openai_stream` | streams of events, put together into such responses |
| `vllm` | `VllmEngine`: vLLM in this process |
| `transformers` | `TransformersEngine`: transformers in this process |
| `logits` | the noise and the stop strings of that engine |
"""

"""What the embedded server is made of; `tasks.embedded_server` is the entry.

`api`, `protocol`, `replies` and `metrics` speak HTTP; `engine` batches completions continuously;
`completion`, `choice` and `text` are one completion's state; `model`, `processor` and `images` turn
messages into tensors; `options` says how to serve. torch is imported here and in the trainers.
"""

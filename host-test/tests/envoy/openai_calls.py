"""Calls of the openai SDK as an application makes them; prints what it heard as one JSON object."""

import json

import openai

client = openai.OpenAI(max_retries=0)
messages = [{"role": "user", "content": "What can a proxy tell?"}]
tool = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}

plain = client.chat.completions.create(
    model="gpt-sdk-plain", messages=messages, temperature=0.25, max_completion_tokens=300
)

stream = client.chat.completions.create(
    model="gpt-sdk-stream", messages=messages, stream=True, stream_options={"include_usage": True}
)
chunks = list(stream)
text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)

tools = client.chat.completions.create(model="gpt-sdk-tools", messages=messages, tools=[tool])

try:
    client.chat.completions.create(model="rate-limited", messages=messages, stream=True)
    refused = None
except openai.RateLimitError as error:
    refused = error.status_code

print(
    json.dumps(
        {
            "plain": {
                "id": plain.id,
                "text": plain.choices[0].message.content,
                "finish_reason": plain.choices[0].finish_reason,
            },
            "stream": {"id": chunks[0].id, "text": text},
            "tools": {"tool": tools.choices[0].message.tool_calls[0].function.name},
            "refused": {"status": refused},
        }
    )
)

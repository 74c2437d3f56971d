"""Calls of the anthropic SDK as an application makes them; prints what it heard as one JSON object."""

import json

import anthropic

client = anthropic.Anthropic(max_retries=0)
messages = [{"role": "user", "content": "What can a proxy tell?"}]
tool = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}

plain = client.messages.create(model="claude-sdk-plain", max_tokens=300, messages=messages)

with client.messages.stream(model="claude-sdk-stream", max_tokens=300, messages=messages) as stream:
    text = "".join(stream.text_stream)
    streamed = stream.get_final_message()

tools = client.messages.create(
    model="claude-sdk-tools", max_tokens=300, messages=messages, tools=[tool]
)

try:
    client.messages.create(model="overloaded", max_tokens=300, messages=messages, stream=True)
    refused = None
except anthropic.APIStatusError as error:
    refused = error.status_code

print(
    json.dumps(
        {
            "plain": {
                "id": plain.id,
                "text": plain.content[0].text,
                "stop_reason": plain.stop_reason,
            },
            "stream": {"id": streamed.id, "text": text},
            "tools": {"tool": tools.content[0].name},
            "refused": {"status": refused},
        }
    )
)

"""Laws proposed by a language model, and believed only after they were tried on the life.

    client = ChatClient(ChatConfig(model="...", base_url="http://localhost:8000/v1"))
    with client:
        report = LLMSynthesizer(client, world_named("crafter_oo"), Path("records")).ask(transitions)
    laws = report.book.in_sandbox()
    with asked_at_once(laws, transitions):
        model = learn(laws, transitions, observables)

| module | what |
|---|---|
| `client` | one chat with any OpenAI-compatible server; needs the extra `llm` |
| `aspects` | which changes of which transitions are asked about |
| `prompt` `scene_text` | the question, and how laws are read from an answer |
| `trial` | what becomes of a law: rejected, failing, silent, wrong, duplicate or kept |
| `records` | questions and answers as files |
| `book` | laws as files, and ready to run |
| `synthesizer` | all of it: from transitions to laws |
"""

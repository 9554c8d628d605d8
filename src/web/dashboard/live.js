// Keeps a live log going. Everything is put on the page as text.
for (const list of document.querySelectorAll("[data-stream]")) {
  const note = document.querySelector("[data-live]");
  const say = (text) => { if (note && note.textContent !== text) note.textContent = text; };
  const seen = new Set([...list.children].map((item) => item.dataset.key));
  const source = new EventSource(list.dataset.stream);
  source.addEventListener("open", () => say("Live: what the agent does appears here."));
  source.addEventListener("error", () => say("The connection is gone; trying again."));
  source.addEventListener("end", (event) => { source.close(); say(event.data); });
  source.addEventListener("entry", (event) => {
    const entry = JSON.parse(event.data);
    if (seen.has(entry.key)) return;
    seen.add(entry.key);
    document.querySelector("[data-empty]")?.remove();
    const item = document.createElement("li");
    item.className = ["says", "does", "answer"].includes(entry.kind) ? entry.kind : "";
    const head = document.createElement("span");
    head.className = "head";
    head.textContent = entry.head;
    item.dataset.key = entry.key;
    item.append(head);
    if (entry.text) {
      const text = document.createElement("pre");
      text.textContent = entry.text;
      item.append(text);
    }
    const atEnd = window.innerHeight + window.scrollY > document.body.scrollHeight - 80;
    list.append(item);
    if (atEnd) item.scrollIntoView({ block: "end" });
  });
}

"use strict";
const progress = document.getElementById("progress");
if (progress) {
  const events = new EventSource(progress.dataset.events);
  const tell = (e) => {
    const a = JSON.parse(e.data);
    progress.textContent = a.status === "queued" ? "It waits for others to end." : a.questions + " questions asked";
  };
  events.addEventListener("queued", tell);
  events.addEventListener("running", tell);
  const end = () => {
    events.close();
    location.reload();
  };
  events.addEventListener("done", end);
  events.addEventListener("failed", end);
}

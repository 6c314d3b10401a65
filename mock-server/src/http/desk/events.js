// Opens the mock's stream of events. Knows neither page nor worker, because both use it.

/**
 * What is heard of the stream: how it is, or that something changed.
 * @typedef {{ state: "live" | "lost" } | { tick: { journal: number, resets: number } }} Heard
 */

/**
 * Listens to the mock until the function that it returns is called.
 * @param {(heard: Heard) => void} hear
 */
export function listen(hear) {
  const stream = new EventSource(new URL("../events", import.meta.url));
  stream.addEventListener("open", () => hear({ state: "live" }));
  stream.addEventListener("error", () => hear({ state: "lost" }));
  stream.addEventListener("message", ({ data }) => hear({ tick: JSON.parse(data) }));
  return () => stream.close();
}

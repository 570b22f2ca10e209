// Requests to the server of this page. Addresses are relative: the page's own has the token.

export class ApiError extends Error {
  // status 0: no answer at all. parameter: the name of what was typed wrong, if the server says so.
  constructor(message, status, parameter = null) {
    super(parameter ? message.replace(`${parameter}: `, "") : message);
    this.status = status;
    this.parameter = parameter;
  }
}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The page's server does not answer. Is the program that serves it still running?", 0);
  }
  if (response.status === 403 && response.headers.get("content-type")?.includes("json") !== true)
    throw new ApiError("This address is no longer valid: start the page again and open the address that it prints.", 403);
  let body;
  try {
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(`The server's answer cannot be read (status ${response.status}).`, response.status);
  }
  if (!response.ok) {
    const text = body.error ?? `The server answered with status ${response.status}.`;
    throw new ApiError(text, response.status, body.parameter);
  }
  return body;
}

export function get(name, parameters = {}, signal = undefined) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters))
    if (value !== null && value !== undefined && value !== "") query.set(key, value);
  return answer(fetch(`api/${name}?${query}`, { signal, cache: "no-store" }));
}

export function post(name, body) {
  return answer(
    fetch(`api/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-FDB-Write": "1" },
      body: JSON.stringify(body),
    }),
  );
}

/** Whether this browser draws WebGL 2, on which the map stands: some have it switched off, or no driver for it. */
export function canDrawMap(): boolean {
  const context = document.createElement("canvas").getContext("webgl2");
  // Browsers count contexts, and end the oldest.
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}

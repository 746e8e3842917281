import {
  type CustomLayerInterface,
  type CustomRenderMethodInput,
  type Map as MapLibreMap,
  MercatorCoordinate,
} from "maplibre-gl";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { currentTheme } from "../map/theme.ts";
import type { LapseReport } from "./read-reports.ts";
import type { Steps } from "./steps.ts";

export const POINTS_LAYER = "lapse";

/** Numbers of a point: place (two, from the first one), time in steps, severity, and the layer's index. */
const STRIDE = 5;
/** A report fades for so many steps. */
const TRAIL_STEPS = { hour: 8, day: 4 } as const;

const VERTEX = `#version 300 es
  in vec2 place;
  in vec3 timed;
  uniform mat4 matrix;
  uniform float now;
  uniform float trail;
  uniform float unit;
  uniform vec3 colors[${REPORT_LAYERS.length}];
  out vec4 color;
  out float radius;
  void main() {
    float age = now - timed.x;
    float fresh = clamp(1.0 - age / trail, 0.0, 1.0);
    float pop = 1.0 - smoothstep(0.0, 0.35 * trail, age);
    radius = unit * (0.62 + 0.38 * fresh + 0.5 * pop) * (4.2 + 0.9 * timed.y);
    color = vec4(colors[int(timed.z)], mix(0.26, 0.95, fresh));
    gl_Position = age < 0.0 ? vec4(2.0, 2.0, 2.0, 1.0) : matrix * vec4(place, 0.0, 1.0);
    gl_PointSize = 2.0 * radius + 2.0;
  }`;

const FRAGMENT = `#version 300 es
  precision mediump float;
  in vec4 color;
  in float radius;
  out vec4 pixel;
  void main() {
    float away = length(gl_PointCoord - 0.5) * (2.0 * radius + 2.0);
    pixel = vec4(color.rgb, 1.0) * color.a * (1.0 - smoothstep(radius - 0.7, radius + 0.7, away));
  }`;

export interface PointsLayer {
  readonly layer: CustomLayerInterface;
  /** Takes other reports, at most as many as are read at once. */
  setReports(reports: readonly LapseReport[], steps: Steps): void;
  /** Shows a moment, in steps from the start. */
  setNow(step: number): void;
}

/**
 * Reports that appear at their time and fade, drawn by the graphics card: a frame sets one number, whatever the number of
 * reports, where a style's own circles would be made anew.
 */
export function createPointsLayer(map: MapLibreMap): PointsLayer {
  let data = new Float32Array();
  let origin = { x: 0, y: 0 };
  let now = 0;
  let trail: number = TRAIL_STEPS.day;
  let isNew = false;
  let colors = layerColors();
  let drawing: ReturnType<typeof compile> | undefined;
  const layer: CustomLayerInterface = {
    id: POINTS_LAYER,
    type: "custom",
    onAdd(_map, gl) {
      drawing = compile(gl as WebGL2RenderingContext);
      isNew = true;
      colors = layerColors();
    },
    onRemove(_map, gl) {
      if (drawing) {
        gl.deleteBuffer(drawing.buffer);
        gl.deleteProgram(drawing.program);
      }
      drawing = undefined;
    },
    render(context, options) {
      if (!drawing || data.length === 0) return;
      const gl = context as WebGL2RenderingContext;
      gl.useProgram(drawing.program);
      gl.bindVertexArray(drawing.vertices);
      gl.bindBuffer(gl.ARRAY_BUFFER, drawing.buffer);
      if (isNew) gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
      isNew = false;
      gl.uniformMatrix4fv(drawing.uniform("matrix"), false, matrixFrom(options, origin));
      gl.uniform1f(drawing.uniform("now"), now);
      gl.uniform1f(drawing.uniform("trail"), trail);
      gl.uniform1f(drawing.uniform("unit"), map.getPixelRatio() * Math.min(1.5, Math.max(0.7, map.getZoom() / 12)));
      gl.uniform3fv(drawing.uniform("colors"), colors);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      gl.drawArrays(gl.POINTS, 0, data.length / STRIDE);
      gl.bindVertexArray(null);
    },
  };
  return {
    layer,
    setReports(reports, { startMs, stepMs }) {
      trail = stepMs > 3_600_000 ? TRAIL_STEPS.day : TRAIL_STEPS.hour;
      const places = reports.map(({ lon, lat }) => MercatorCoordinate.fromLngLat([lon, lat]));
      const [first] = places;
      origin = { x: first?.x ?? 0, y: first?.y ?? 0 };
      data = new Float32Array(reports.length * STRIDE);
      for (const [i, { layer: of, severity, atMs }] of reports.entries()) {
        const { x = 0, y = 0 } = places[i] ?? {};
        const time = (atMs - startMs) / stepMs;
        data.set([x - origin.x, y - origin.y, time, severity, REPORT_LAYERS.indexOf(of)], i * STRIDE);
      }
      isNew = true;
      map.triggerRepaint();
    },
    setNow(step) {
      now = step;
      map.triggerRepaint();
    },
  };
}

function compile(gl: WebGL2RenderingContext) {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type);
    if (!shader) throw new Error("no shader");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "not linked");
  const vertices = gl.createVertexArray();
  const buffer = gl.createBuffer();
  gl.bindVertexArray(vertices);
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  const place = gl.getAttribLocation(program, "place");
  const timed = gl.getAttribLocation(program, "timed");
  const bytes = STRIDE * Float32Array.BYTES_PER_ELEMENT;
  gl.enableVertexAttribArray(place);
  gl.vertexAttribPointer(place, 2, gl.FLOAT, false, bytes, 0);
  gl.enableVertexAttribArray(timed);
  gl.vertexAttribPointer(timed, 3, gl.FLOAT, false, bytes, 2 * Float32Array.BYTES_PER_ELEMENT);
  gl.bindVertexArray(null);
  return { program, vertices, buffer, uniform: (name: string) => gl.getUniformLocation(program, name) };
}

/** The map's matrix for places from an origin: multiplied in double precision, so that nothing trembles close in. */
function matrixFrom(
  { defaultProjectionData }: CustomRenderMethodInput,
  { x, y }: { x: number; y: number },
): Float32Array {
  const matrix = [...defaultProjectionData.mainMatrix] as number[];
  for (let row = 0; row < 4; row++) {
    matrix[12 + row] = (matrix[12 + row] ?? 0) + (matrix[row] ?? 0) * x + (matrix[4 + row] ?? 0) * y;
  }
  return new Float32Array(matrix);
}

function layerColors(): Float32Array {
  const { layers } = currentTheme();
  return new Float32Array(REPORT_LAYERS.flatMap((layer) => rgb(layers[layer])));
}

function rgb(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
}

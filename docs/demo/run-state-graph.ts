// The machine's run states as a graph: the present one is lit, and a dot travels along each transition as it happens.

import type { RunState } from 'isa-pvpanic'
import { svg } from './dom.js'

const WIDTH = 620
const HEIGHT = 250
const BOX = { width: 148, height: 46 }

const PLACES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  prelaunch: [80, 40],
  running: [250, 130],
  paused: [80, 210],
  'guest-panicked': [510, 40],
  shutdown: [510, 210],
}

/** From, to, what causes it, and the bend of the line in pixels to its left. */
const EDGES: readonly (readonly [from: string, to: string, cause: string, bend: number])[] = [
  ['prelaunch', 'running', 'cont', 0],
  ['running', 'paused', 'stop', 16],
  ['paused', 'running', 'cont', 16],
  ['running', 'guest-panicked', 'panic', 22],
  ['guest-panicked', 'running', 'cont, reset', 22],
  ['running', 'shutdown', 'power off, quit', 0],
  ['guest-panicked', 'shutdown', 'destroy, quit', 0],
  ['running', 'running', 'reset', 0],
]

const LABEL_DISTANCE = 10
const MOVE_MS = 450

export class RunStateGraph {
  readonly element: SVGSVGElement
  readonly #nodes = new Map<string, SVGGElement>()
  readonly #edges = new Map<string, SVGPathElement>()
  readonly #dot = svg('circle', { r: 6, class: 'dot', visibility: 'hidden' })
  #state: string = 'running'
  #animation = 0

  constructor() {
    const arrow = svg('path', { d: 'M0,0 L8,4 L0,8 z', class: 'arrow' })
    const marker = {
      id: 'arrow',
      viewBox: '0 0 8 8',
      refX: 8,
      refY: 4,
      markerWidth: 8,
      markerHeight: 8,
      orient: 'auto',
    }
    this.element = svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'graph', role: 'img', 'aria-label': 'Run state: running' },
      svg('defs', {}, svg('marker', marker, arrow)),
    )
    for (const [from, to, cause, bend] of EDGES) this.#addEdge(from, to, cause, bend)
    for (const [name, place] of Object.entries(PLACES)) this.#addNode(name, place)
    this.element.append(this.#dot)
    this.show('running')
  }

  /** Lights a state at once. */
  show(state: RunState): void {
    this.#state = state
    for (const [name, node] of this.#nodes) node.classList.toggle('lit', name === state)
    this.element.setAttribute('aria-label', `Run state: ${state}`)
  }

  /** Goes to a state along its edge; to the same one by its loop. */
  move(state: RunState): void {
    const edge = this.#edges.get(`${this.#state} ${state}`)
    this.show(state)
    if (edge === undefined) return
    for (const other of this.#edges.values()) other.classList.toggle('lit', other === edge)
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) this.#travel(edge)
  }

  #travel(edge: SVGPathElement): void {
    cancelAnimationFrame(this.#animation)
    const length = edge.getTotalLength()
    const began = performance.now()
    this.#dot.setAttribute('visibility', 'visible')
    const frame = (now: number) => {
      const part = Math.min(1, (now - began) / MOVE_MS)
      const { x, y } = edge.getPointAtLength(part * length)
      this.#dot.setAttribute('cx', String(x))
      this.#dot.setAttribute('cy', String(y))
      if (part < 1) this.#animation = requestAnimationFrame(frame)
      else this.#dot.setAttribute('visibility', 'hidden')
    }
    this.#animation = requestAnimationFrame(frame)
  }

  #addNode(name: string, [x, y]: readonly [number, number]): void {
    const node = svg(
      'g',
      { class: `node ${name}`, transform: `translate(${x} ${y})` },
      svg('rect', { x: -BOX.width / 2, y: -BOX.height / 2, width: BOX.width, height: BOX.height, rx: 10 }),
      svg('text', { 'text-anchor': 'middle', dy: 5 }, name),
    )
    this.#nodes.set(name, node)
    this.element.append(node)
  }

  #addEdge(from: string, to: string, cause: string, bend: number): void {
    const { path, label } = from === to ? loopAt(from) : lineBetween(from, to, bend)
    const edge = svg('path', { d: path, class: 'edge', 'marker-end': 'url(#arrow)' })
    this.#edges.set(`${from} ${to}`, edge)
    const [x, y, anchor] = label
    this.element.append(edge, svg('text', { x, y, class: 'cause', 'text-anchor': anchor }, cause))
  }
}

interface Line {
  readonly path: string
  /** Where the text goes, and which end of it. */
  readonly label: readonly [x: number, y: number, anchor: 'start' | 'middle' | 'end']
}

function loopAt(name: string): Line {
  const [x = 0, y = 0] = PLACES[name] ?? []
  const top = y - BOX.height / 2
  return {
    path: `M${x - 22},${top} C${x - 40},${top - 62} ${x + 40},${top - 62} ${x + 22},${top}`,
    label: [x, top - 52, 'middle'],
  }
}

function lineBetween(from: string, to: string, bend: number): Line {
  const [x1 = 0, y1 = 0] = PLACES[from] ?? []
  const [x2 = 0, y2 = 0] = PLACES[to] ?? []
  const length = Math.hypot(x2 - x1, y2 - y1)
  const left: readonly [number, number] = [(y2 - y1) / length, -(x2 - x1) / length]
  const middle: readonly [number, number] = [(x1 + x2) / 2 + left[0] * bend, (y1 + y2) / 2 + left[1] * bend]
  const [ax, ay] = atBorder([x1, y1], middle, 2)
  const [bx, by] = atBorder([x2, y2], middle, 4)
  const along = bend / 2 + LABEL_DISTANCE
  return {
    path: `M${ax},${ay} Q${middle[0]},${middle[1]} ${bx},${by}`,
    label: [(ax + bx) / 2 + left[0] * along, (ay + by) / 2 + left[1] * along + 4, anchorFor(left[0])],
  }
}

/** Text beside a line begins, or ends, at it; text above or below is centred. */
function anchorFor(sideways: number): Line['label'][2] {
  if (Math.abs(sideways) < 0.3) return 'middle'
  return sideways > 0 ? 'start' : 'end'
}

/** Where a line from the middle of a box to a point leaves the box, and `gap` pixels further. */
function atBorder(
  [x, y]: readonly [number, number],
  [px, py]: readonly [number, number],
  gap: number,
): readonly [number, number] {
  const dx = px - x
  const dy = py - y
  const scale = Math.min(BOX.width / 2 / Math.abs(dx || 1e-9), BOX.height / 2 / Math.abs(dy || 1e-9))
  const length = Math.hypot(dx, dy)
  return [x + dx * scale + (dx / length) * gap, y + dy * scale + (dy / length) * gap]
}

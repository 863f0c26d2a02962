// The contract of a layer. README.md says how to add one.

/** @typedef {import("../data/decode.js").Points} Points */
/** @typedef {import("../gl/context.js").Graphics} Graphics */
/** @typedef {import("../palette.js").Theme} Theme */
/** @typedef {import("../state/views.js").PanelView} PanelView */

/**
 * What the layers must know beside the panel.
 * @typedef {object} Picture
 * @property {Points} points
 * @property {string[]} classes                names of the classes
 * @property {Theme} theme
 * @property {Record<string, boolean>} switches   of all layers: name -> shown
 * @property {number} scale                    resolution of what is computed per pixel (1: full)
 * @property {number|null} hover             the sample under the pointer
 * @property {number|null} selection           the sample that was chosen
 */

/**
 * A layer draws one kind of thing into every panel. It belongs to one stage, and every method may be left out.
 * @typedef {object} Layer
 * @property {string} name
 * @property {Record<string, boolean>} [switches]  names in `state.layers`, as they are at first; the layer itself looks
 *   them up in `picture.switches`
 * @property {"none"|"test"|"write"} [depth]       what it does with the depth buffer in space (default: none)
 * @property {boolean} [blend]                     whether it is blended with what lies below (default: yes)
 * @property {(graphics: Graphics) => void} [init]     make programs and buffers; again after the context was lost
 * @property {(views: PanelView[], picture: Picture) => void} [update]  before a picture, for all panels: upload, draw
 *   into textures
 * @property {(view: PanelView, picture: Picture) => void} [draw]       draw into a panel; viewport, scissor, depth and
 *   blending are set
 * @property {(context: CanvasRenderingContext2D, view: PanelView, picture: Picture) => void} [label]  write over a panel;
 *   the unit is the CSS pixel, the origin its upper left
 * @property {(view: PanelView, picture: Picture, x: number, y: number) => number|null} [pick]  the sample at a pixel of a
 *   panel (from its upper left)
 */

export {};

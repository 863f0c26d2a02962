export { quadtree, type Quadtree } from "d3-quadtree";

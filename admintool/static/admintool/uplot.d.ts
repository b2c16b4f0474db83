/** uPlot, as the vendored script leaves it on the page. */
declare var uPlot: new (options: object, data: unknown[], place: HTMLElement) => { destroy(): void };

/**
 * How many requests of which kind took how long, for Prometheus. Labels are the route's pattern, the method and the
 * status, never an address: an address may name a patient. https://prometheus.io/docs/practices/naming/
 */
import { Gauge, Histogram, Registry } from 'prom-client'

export type Observe = (status: number, milliseconds: number) => void
export type Metrics = {
  readonly forRoute: (method: string, route: string) => Observe
  readonly text: () => Promise<string>
  readonly contentType: string
}

const bucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** One registry for an app, so that two houses in one process keep apart. */
export function newMetrics(): Metrics {
  const registry = new Registry()
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the request being read to its answer being handed to the socket.',
    labelNames: ['method', 'route', 'status'],
    buckets: bucketsSeconds,
    registers: [registry],
  })
  memoryGauge(registry)
  return {
    forRoute: (method, route) => observer(duration, method, route),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

/** Looks its series up once a status, not once a request. */
function observer(duration: Histogram<'method' | 'route' | 'status'>, method: string, route: string): Observe {
  const byStatus = new Map<number, { observe: (seconds: number) => void }>()
  return (status, milliseconds) => {
    let series = byStatus.get(status)
    if (series === undefined) {
      series = duration.labels(method, route, String(status))
      byStatus.set(status, series)
    }
    series.observe(milliseconds / 1000)
  }
}

function memoryGauge(registry: Registry): void {
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
}

import { context, propagation, type Span, SpanKind, trace as tracing, TraceFlags } from '@opentelemetry/api'
import type { Environment } from './config.ts'
import { childTrace, type Trace } from './trace.ts'

let exporting = false

/**
 * Sends spans to `OTEL_EXPORTER_OTLP_ENDPOINT`; without it nothing is loaded and nothing leaves. Answers the function that flushes
 * and stops.
 */
export async function startTelemetry(environment: Environment, serviceName: string): Promise<() => Promise<void>> {
  if (!environment.OTEL_EXPORTER_OTLP_ENDPOINT) return async () => {}
  const [{ NodeTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  provider.register()
  exporting = true
  return async () => {
    exporting = false
    await provider.shutdown()
    tracing.disable()
    context.disable()
    propagation.disable()
  }
}

/** Runs `work` as a child of `parent`. Its trace is what calls and events made inside carry on. */
export async function inSpan<T>(
  name: string,
  parent: Trace,
  work: (trace: Trace, span: Span | undefined) => Promise<T>,
): Promise<T> {
  if (!exporting) return work(childTrace(parent), undefined)
  const remote = tracing.setSpanContext(context.active(), {
    traceId: parent.traceId,
    spanId: parent.spanId,
    traceFlags: parent.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  })
  const span = tracing.getTracer('stoa').startSpan(name, { kind: SpanKind.INTERNAL }, remote)
  try {
    const { traceId, spanId } = span.spanContext()
    return await context.with(tracing.setSpan(remote, span), () => work({ ...parent, traceId, spanId }, span))
  } finally {
    span.end()
  }
}

import {
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  TraceFlags,
  type Tracer,
  trace as tracing,
} from '@opentelemetry/api'
import type { Environment } from './config.ts'
import { childTrace, type Trace } from './trace.ts'

let tracer: Tracer | undefined

/**
 * Sends spans to `OTEL_EXPORTER_OTLP_ENDPOINT`; without it nothing is loaded and nothing leaves. Answers the function that flushes
 * and stops.
 */
export async function startTelemetry(
  environment: Environment,
  serviceName: string,
): Promise<() => Promise<void>> {
  if (!environment.OTEL_EXPORTER_OTLP_ENDPOINT) return async () => {}
  const [{ TracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ])
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  })
  tracer = provider.getTracer('stoa')
  return async () => {
    tracer = undefined
    await provider.shutdown()
  }
}

/** Runs `work` as a child of `parent`. Its trace is what calls and events made inside carry on. */
export async function inSpan<T>(
  name: string,
  parent: Trace,
  work: (trace: Trace, span: Span | undefined) => Promise<T>,
): Promise<T> {
  if (!tracer) return work(childTrace(parent), undefined)
  const span = tracer.startSpan(
    name,
    { kind: SpanKind.INTERNAL },
    tracing.setSpanContext(ROOT_CONTEXT, {
      traceId: parent.traceId,
      spanId: parent.spanId,
      traceFlags: parent.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      isRemote: true,
    }),
  )
  try {
    const { traceId, spanId } = span.spanContext()
    return await work({ ...parent, traceId, spanId }, span)
  } finally {
    span.end()
  }
}

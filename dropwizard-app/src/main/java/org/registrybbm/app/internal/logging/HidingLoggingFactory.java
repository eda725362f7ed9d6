package org.registrybbm.app.internal.logging;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.AppenderAttachable;
import com.codahale.metrics.MetricRegistry;
import io.dropwizard.logging.common.LoggingFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.slf4j.ILoggerFactory;
import org.slf4j.LoggerFactory;

/** Logs as configured, but without secrets and in UTF-8. This holds for all appenders and layouts, whatever the process's locale is. */
public final class HidingLoggingFactory implements LoggingFactory {
    private final LoggingFactory configured;
    private final List<Wrapped> wrapped = new ArrayList<>();

    /** Creates a factory that logs as another one configures. */
    public HidingLoggingFactory(LoggingFactory configured) {
        this.configured = configured;
    }

    private record Wrapped(Logger logger, Appender<ILoggingEvent> appender, Hiding hiding) {}

    @Override
    public void configure(MetricRegistry metrics, String name) {
        configured.configure(metrics, name);
        ILoggerFactory loggers = LoggerFactory.getILoggerFactory();
        if (loggers instanceof LoggerContext context) {
            context.getLoggerList().forEach(this::wrap);
        }
    }

    private void wrap(Logger logger) {
        for (Appender<ILoggingEvent> appender : appenders(logger.iteratorForAppenders())) {
            writeUtf8(appender);
            Hiding hiding = new Hiding(appender);
            hiding.setContext(logger.getLoggerContext());
            hiding.start();
            logger.detachAppender(appender);
            logger.addAppender(hiding);
            wrapped.add(new Wrapped(logger, appender, hiding));
        }
    }

    private static List<Appender<ILoggingEvent>> appenders(Iterator<Appender<ILoggingEvent>> all) {
        List<Appender<ILoggingEvent>> appenders = new ArrayList<>();
        all.forEachRemaining(appenders::add);
        return appenders;
    }

    @SuppressWarnings("unchecked")
    private static void writeUtf8(Appender<ILoggingEvent> appender) {
        if (appender instanceof OutputStreamAppender<ILoggingEvent> stream
                && stream.getEncoder() instanceof LayoutWrappingEncoder<ILoggingEvent> encoder
                && encoder.getCharset() == null) {
            encoder.setCharset(StandardCharsets.UTF_8);
        }
        if (appender instanceof AppenderAttachable<?> several) {
            appenders(((AppenderAttachable<ILoggingEvent>) several).iteratorForAppenders())
                    .forEach(HidingLoggingFactory::writeUtf8);
        }
    }

    // The configured factory stops appenders where it has put them, so that they write out what they still hold.
    private void unwrap() {
        wrapped.forEach(one -> {
            one.logger().detachAppender(one.hiding());
            one.logger().addAppender(one.appender());
        });
        wrapped.clear();
    }

    @Override
    public void stop() {
        unwrap();
        configured.stop();
    }

    @Override
    public void reset() {
        unwrap();
        configured.reset();
    }

    private static final class Hiding extends UnsynchronizedAppenderBase<ILoggingEvent> {
        private final Appender<ILoggingEvent> appender;

        Hiding(Appender<ILoggingEvent> appender) {
            this.appender = appender;
        }

        @Override
        protected void append(ILoggingEvent event) {
            appender.doAppend(new HiddenEvent(event));
        }
    }
}

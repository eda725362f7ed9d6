package org.registrybbm.app.internal.logging;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.core.spi.ContextAwareBase;

/**
 * Keeps Logback from looking for a configuration and from falling back to its own, which takes as long as a tenth of a command: {@code
 * registry} configures it in any case. Only {@code registry.jar} names this class, and not the library that host applications use.
 */
public final class FirstLogging extends ContextAwareBase implements Configurator {
    @Override
    public ExecutionStatus configure(LoggerContext context) {
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }
}

package org.registrybbm.app.internal.logging;

import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.secrets.Secrets;

/** Wraps the exception of a log event and hides the secrets in its messages. */
record HiddenThrowable(IThrowableProxy thrown) implements IThrowableProxy {
    static @Nullable IThrowableProxy of(@Nullable IThrowableProxy thrown) {
        return thrown == null ? null : new HiddenThrowable(thrown);
    }

    @Override
    public @Nullable String getMessage() {
        return hidden(thrown.getMessage());
    }

    @Override
    public @Nullable String getOverridingMessage() {
        return hidden(thrown.getOverridingMessage());
    }

    private static @Nullable String hidden(@Nullable String text) {
        return text == null ? null : Secrets.hide(text);
    }

    @Override
    public String getClassName() {
        return thrown.getClassName();
    }

    @Override
    public StackTraceElementProxy[] getStackTraceElementProxyArray() {
        return thrown.getStackTraceElementProxyArray();
    }

    @Override
    public int getCommonFrames() {
        return thrown.getCommonFrames();
    }

    @Override
    public @Nullable IThrowableProxy getCause() {
        return of(thrown.getCause());
    }

    @Override
    public IThrowableProxy[] getSuppressed() {
        return Stream.of(thrown.getSuppressed()).map(HiddenThrowable::new).toArray(IThrowableProxy[]::new);
    }

    @Override
    public boolean isCyclic() {
        return thrown.isCyclic();
    }
}

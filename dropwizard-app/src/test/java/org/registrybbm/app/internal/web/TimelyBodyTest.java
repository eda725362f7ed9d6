package org.registrybbm.app.internal.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.WebApplicationException;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A body has to come in time, in whatever pieces. */
class TimelyBodyTest {
    private final AtomicLong nanos = new AtomicLong();

    /** Sends a byte every second. */
    private final class Trickle extends ServletInputStream {
        private int left;

        Trickle(int bytes) {
            this.left = bytes;
        }

        @Override
        public int read() {
            nanos.addAndGet(Duration.ofSeconds(1).toNanos());
            return left-- > 0 ? ' ' : -1;
        }

        @Override
        public boolean isFinished() {
            return left <= 0;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setReadListener(ReadListener listener) {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void isReadIfItComesInTime() throws IOException {
        assertThat(new TimelyBody(new Trickle(9), nanos::get).readAllBytes()).hasSize(9);
        assertThat(new TimelyBody(new Trickle(0), nanos::get).readAllBytes()).isEmpty();
    }

    @Test
    void isRefusedIfItTakesLonger() {
        TimelyBody body = new TimelyBody(new Trickle(11), nanos::get);

        assertThatThrownBy(() -> {
                    while (body.read() >= 0) {
                        // Byte by byte.
                    }
                })
                .isInstanceOfSatisfying(
                        WebApplicationException.class,
                        refused -> assertThat(refused.getResponse().getStatus()).isEqualTo(408));
    }

    @Test
    void isRefusedAlsoIfItsFormIsReadAsParameters() {
        ServletInputStream trickle = new Trickle(11);
        HttpServletRequest request = (HttpServletRequest) Proxy.newProxyInstance(
                HttpServletRequest.class.getClassLoader(),
                new Class<?>[] {HttpServletRequest.class},
                (proxy, method, given) -> switch (method.getName()) {
                    case "getContentType" -> "application/x-www-form-urlencoded; charset=utf-8";
                    case "getInputStream" -> trickle;
                    default -> Map.of();
                });

        assertThatThrownBy(() -> new TimelyRequest(request, nanos::get).getParameter("migration"))
                .isInstanceOf(WebApplicationException.class);
    }
}

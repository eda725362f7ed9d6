package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Clients whose bodies come slowly, or never, do not take the admin port from others. */
@ExtendWith(PostgresExtension.class)
class SlowClientsTest {
    private static final int MORE_THAN_THREADS = 70;

    private static HostApplication application;

    @BeforeAll
    static void serve(TestDatabase migrated) throws Exception {
        application = HostApplication.serveWithTokens(migrated.url());
    }

    @AfterAll
    static void stop() throws Exception {
        application.stop();
    }

    private static Socket begin() throws IOException {
        Socket socket = new Socket("127.0.0.1", application.admin("").getPort());
        socket.getOutputStream().write("""
                        POST /api/v1/actions HTTP/1.1\r
                        Host: 127.0.0.1\r
                        Authorization: Bearer %s\r
                        Content-Length: 60000\r
                        \r
                        """.formatted(HostApplication.OPERATE).getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static int change() throws Exception {
        return application
                .send("POST", "/api/v1/actions", "{}", "Authorization", "Bearer " + HostApplication.OPERATE)
                .statusCode();
    }

    @Test
    void leaveThreadsToOthers() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < MORE_THAN_THREADS; i++) {
                slow.add(begin());
            }

            await().atMost(RegistryJar.PATIENCE).until(() -> change() == 503);
            assertThat(application.get("/ping").statusCode()).isEqualTo(200);
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
        await().atMost(RegistryJar.PATIENCE).until(() -> change() == 400);
    }

    @Test
    void formsOfTasksAreReadAsBefore() throws Exception {
        assertThat(application
                        .send(
                                "POST",
                                "/tasks/bbm-pause?reason=INC-812",
                                "migration=t%C3%A4ble+two",
                                "Authorization",
                                "Bearer " + HostApplication.OPERATE,
                                "Content-Type",
                                "application/x-www-form-urlencoded")
                        .body())
                .contains("there is no batched migration 'täble two'");
    }
}

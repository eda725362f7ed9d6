package org.registrybbm.migrations.spi;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;

/** The name of this process among the replicas. */
public final class ReplicaName {
    private static final int LONGEST_HOST = 60;
    private static final String RANDOM =
            Integer.toString(new SecureRandom().nextInt(60_466_176, Integer.MAX_VALUE), Character.MAX_RADIX);

    private ReplicaName() {}

    /**
     * Returns the host's name, the process id and a random part that no other start has, such as {@code registry-5ddcd-1-4k7f2q}; at
     * most 82 characters, Quartz's limit. In containers the first two are often the same for each start, and a replica that took the
     * name of one that still runs would be mistaken for it.
     */
    public static String ofThisProcess() {
        return host() + "-" + ProcessHandle.current().pid() + "-" + RANDOM;
    }

    private static String host() {
        try {
            String name = InetAddress.getLocalHost().getHostName();
            return name.length() > LONGEST_HOST ? name.substring(0, LONGEST_HOST) : name;
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}

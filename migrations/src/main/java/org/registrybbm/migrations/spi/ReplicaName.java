package org.registrybbm.migrations.spi;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;

/** Makes the default name of a replica, of which the name of the host is the first part. */
public final class ReplicaName {
    private static final int LONGEST_HOST = 60;
    private static final String RANDOM =
            Integer.toString(new SecureRandom().nextInt(60_466_176, Integer.MAX_VALUE), Character.MAX_RADIX);

    private ReplicaName() {}

    /**
     * Returns the name of this process: the host's name, the process id and a random part, such as {@code registry-5ddcd-1-4k7f2q}. It has
     * at most 82 characters, which is Quartz's limit.
     *
     * <p>The random part differs from start to start. In containers the host's name and the process id are often the same for each start,
     * and a replica with the name of one that still runs would be mistaken for it.
     */
    public static String ofThisProcess() {
        return ofThisHost() + "-" + ProcessHandle.current().pid() + "-" + RANDOM;
    }

    /** Returns the name of this host, 60 characters at most; {@code localhost} if it has none. */
    public static String ofThisHost() {
        try {
            String name = InetAddress.getLocalHost().getHostName();
            return name.length() > LONGEST_HOST ? name.substring(0, LONGEST_HOST) : name;
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}

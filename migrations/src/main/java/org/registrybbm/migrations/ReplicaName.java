package org.registrybbm.migrations;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** The name of this process among the replicas. */
public final class ReplicaName {
    private ReplicaName() {}

    /** Returns the host's name and the process id, such as {@code registry-5ddcd-1}. */
    public static String ofThisProcess() {
        return host() + "-" + ProcessHandle.current().pid();
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}

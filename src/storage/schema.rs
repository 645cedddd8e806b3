//! One Diesel schema for SQLite and PostgreSQL.

diesel::table! {
    facts (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
        changed_at -> BigInt,
        changed_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    room_heads (room) {
        room -> BigInt,
        seq -> BigInt,
        first_seq -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    room_events (room, seq) {
        room -> BigInt,
        seq -> BigInt,
        at -> BigInt,
        kind -> SmallInt,
        actor -> Nullable<BigInt>,
        subject -> Nullable<BigInt>,
        data -> Nullable<Text>,
    }
}

// A view: `room_events`, and the messages, each of which says by its own row that it was sent.
diesel::table! {
    room_log (room, seq) {
        room -> BigInt,
        seq -> BigInt,
        at -> BigInt,
        kind -> SmallInt,
        actor -> Nullable<BigInt>,
        subject -> Nullable<BigInt>,
        data -> Nullable<Text>,
    }
}

diesel::table! {
    member_heads (member) {
        member -> BigInt,
        seq -> BigInt,
        first_seq -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    member_events (member, seq) {
        member -> BigInt,
        seq -> BigInt,
        at -> BigInt,
        kind -> SmallInt,
        actor -> Nullable<BigInt>,
        subject -> Nullable<BigInt>,
        data -> Nullable<Text>,
    }
}

diesel::table! {
    idempotency (actor, request_key) {
        actor -> BigInt,
        request_key -> Text,
        route -> Text,
        body_hash -> Binary,
        status -> SmallInt,
        answer -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    jobs (id) {
        id -> BigInt,
        kind -> Text,
        payload -> Text,
        unique_key -> Nullable<Text>,
        run_at -> BigInt,
        attempts -> Integer,
        max_attempts -> Integer,
        locked_until -> BigInt,
        state -> SmallInt,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    letters (id) {
        id -> BigInt,
        kind -> Text,
        recipient -> Text,
        subject -> Text,
        body_text -> Text,
        body_html -> Text,
        at -> BigInt,
        sent_at -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        member -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        actor -> Nullable<BigInt>,
        act -> Text,
        subject_kind -> Text,
        subject -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        reason -> Nullable<Text>,
        address -> Nullable<Text>,
    }
}

diesel::table! {
    members (id) {
        id -> BigInt,
        username -> Text,
        display_name -> Text,
        name_key -> Text,
        pronouns -> Text,
        bio -> Text,
        status_emoji -> Text,
        status_text -> Text,
        status_until -> Nullable<BigInt>,
        hue -> SmallInt,
        email -> Nullable<Text>,
        password -> Nullable<Text>,
        language -> Text,
        time_zone -> Text,
        theme -> Text,
        state -> SmallInt,
        permissions -> BigInt,
        muted_until -> Nullable<BigInt>,
        welcomed -> Bool,
        created_at -> BigInt,
        last_seen_at -> BigInt,
    }
}

diesel::table! {
    roles (id) {
        id -> BigInt,
        name -> Text,
        kind -> SmallInt,
        place -> SmallInt,
        permissions -> BigInt,
    }
}

diesel::table! {
    member_roles (member, role) {
        member -> BigInt,
        role -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        member -> BigInt,
        kind -> SmallInt,
        token_hash -> Binary,
        name -> Text,
        address -> Text,
        scopes -> BigInt,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    invites (id) {
        id -> BigInt,
        created_by -> BigInt,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        max_uses -> Nullable<Integer>,
        uses -> Integer,
        role -> Nullable<BigInt>,
        note -> Text,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    one_time_links (id) {
        id -> BigInt,
        purpose -> SmallInt,
        member -> Nullable<BigInt>,
        token_hash -> Binary,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sanctions (id) {
        id -> BigInt,
        member -> BigInt,
        kind -> SmallInt,
        reason -> Text,
        made_by -> Nullable<BigInt>,
        made_at -> BigInt,
        until -> Nullable<BigInt>,
        lifted_at -> Nullable<BigInt>,
        note -> Text,
        report -> Nullable<BigInt>,
        room -> Nullable<BigInt>,
        seen_at -> Nullable<BigInt>,
        appeal -> Nullable<Text>,
        appealed_at -> Nullable<BigInt>,
        decided_at -> Nullable<BigInt>,
        decided_by -> Nullable<BigInt>,
        upheld -> Nullable<Bool>,
        answer -> Text,
    }
}

diesel::table! {
    rooms (id) {
        id -> BigInt,
        kind -> SmallInt,
        name -> Nullable<Text>,
        name_key -> Nullable<Text>,
        topic -> Text,
        history -> SmallInt,
        circle -> Nullable<Text>,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
        archived_at -> Nullable<BigInt>,
        member_count -> Integer,
        voice -> Bool,
        slow_seconds -> Integer,
        keep_days -> Nullable<Integer>,
        expired_seq -> BigInt,
    }
}

diesel::table! {
    room_members (room, member) {
        room -> BigInt,
        member -> BigInt,
        role -> SmallInt,
        level -> SmallInt,
        joined_at -> BigInt,
        joined_seq -> BigInt,
    }
}

diesel::table! {
    room_invitations (room, member) {
        room -> BigInt,
        member -> BigInt,
        invited_by -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    messages (id) {
        id -> BigInt,
        room -> BigInt,
        seq -> BigInt,
        author -> BigInt,
        client_key -> Text,
        body_hash -> Binary,
        body -> Text,
        body_html -> Text,
        renderer -> SmallInt,
        reply_to -> Nullable<BigInt>,
        thread -> Nullable<BigInt>,
        thread_count -> Integer,
        mentions -> Nullable<Text>,
        reactions -> Integer,
        pinned_at -> Nullable<BigInt>,
        sent_at -> BigInt,
        edited_at -> Nullable<BigInt>,
        deleted_at -> Nullable<BigInt>,
        unheard -> Bool,
        heard -> Nullable<Text>,
        hides_from -> Nullable<BigInt>,
    }
}

diesel::table! {
    reactions (message, emoji, member) {
        message -> BigInt,
        emoji -> Text,
        member -> BigInt,
        place -> BigInt,
    }
}

diesel::table! {
    mentions (room, target_kind, target, seq) {
        room -> BigInt,
        seq -> BigInt,
        target_kind -> SmallInt,
        target -> BigInt,
        message -> BigInt,
    }
}

diesel::table! {
    read_marks (member, room, thread) {
        member -> BigInt,
        room -> BigInt,
        thread -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    slow_marks (member, room) {
        member -> BigInt,
        room -> BigInt,
        said_at -> BigInt,
    }
}

diesel::table! {
    plans (id) {
        id -> BigInt,
        name -> Text,
        name_key -> Text,
        description -> Text,
        position -> Integer,
        created_at -> BigInt,
        archived_at -> Nullable<BigInt>,
        hidden -> Bool,
        trial_days -> SmallInt,
        gifts -> Bool,
    }
}

diesel::table! {
    plan_entitlements (plan, name) {
        plan -> BigInt,
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    grants (id) {
        id -> BigInt,
        member -> BigInt,
        plan -> BigInt,
        source -> SmallInt,
        source_id -> Nullable<Text>,
        starts_at -> BigInt,
        ends_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        given_by -> Nullable<BigInt>,
        given_at -> BigInt,
        note -> Text,
        phase -> SmallInt,
    }
}

diesel::table! {
    grant_log (id) {
        id -> BigInt,
        member -> BigInt,
        at -> BigInt,
        kind -> SmallInt,
        grant_id -> Nullable<BigInt>,
        plan -> Nullable<BigInt>,
        actor -> Nullable<BigInt>,
        ends_at -> Nullable<BigInt>,
        note -> Text,
    }
}

diesel::table! {
    verifications (member) {
        member -> BigInt,
        verified_by -> Nullable<BigInt>,
        verified_at -> BigInt,
        note -> Text,
    }
}

diesel::table! {
    member_badges (member) {
        member -> BigInt,
        reason -> SmallInt,
        text -> Text,
        hue -> Nullable<SmallInt>,
        since -> BigInt,
    }
}

diesel::table! {
    relations (member, other) {
        member -> BigInt,
        other -> BigInt,
        bits -> SmallInt,
        changed_at -> BigInt,
    }
}

diesel::table! {
    contact_notes (member, other) {
        member -> BigInt,
        other -> BigInt,
        name -> Text,
        note -> Text,
        name_key -> Text,
    }
}

diesel::table! {
    reach (member) {
        member -> BigInt,
        rules -> Text,
        unknown_callers -> SmallInt,
        quiet_from -> Nullable<SmallInt>,
        quiet_to -> Nullable<SmallInt>,
        asks_before_follow -> Bool,
        changed_at -> BigInt,
    }
}

diesel::table! {
    requests (id) {
        id -> BigInt,
        member -> BigInt,
        sender -> BigInt,
        kind -> SmallInt,
        room -> Nullable<BigInt>,
        at -> BigInt,
        ended_at -> Nullable<BigInt>,
        outcome -> Nullable<SmallInt>,
        counts -> Bool,
        yes_unseen -> Bool,
    }
}

diesel::table! {
    reports (id) {
        id -> BigInt,
        reporter -> BigInt,
        member -> BigInt,
        message -> Nullable<BigInt>,
        room -> Nullable<BigInt>,
        reason -> Text,
        text -> Text,
        excerpt -> Text,
        at -> BigInt,
        closed_at -> Nullable<BigInt>,
        closed_by -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        note -> Text,
        said_again -> Integer,
        again_of -> Nullable<BigInt>,
        rule -> Nullable<BigInt>,
        answer_seen_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    calls (id) {
        id -> BigInt,
        kind -> SmallInt,
        room -> Nullable<BigInt>,
        video -> Bool,
        starter -> BigInt,
        client_key -> Text,
        started_at -> BigInt,
        answered_at -> Nullable<BigInt>,
        ends_at -> Nullable<BigInt>,
        group_size -> Nullable<Integer>,
        locked -> Bool,
        ended_at -> Nullable<BigInt>,
        cause -> Nullable<SmallInt>,
        members -> Integer,
        pictures -> Bool,
    }
}

diesel::table! {
    call_people (call, member) {
        call -> BigInt,
        member -> BigInt,
        rung -> Bool,
        fate -> Nullable<SmallInt>,
        listed -> Bool,
        seen -> Bool,
        role -> SmallInt,
        held -> SmallInt,
        removed -> Bool,
        seconds -> BigInt,
        quality -> Nullable<SmallInt>,
    }
}

diesel::table! {
    call_stays (id) {
        id -> BigInt,
        call -> BigInt,
        member -> BigInt,
        joined_at -> BigInt,
        left_at -> Nullable<BigInt>,
        parting -> Nullable<SmallInt>,
        connected_ms -> Nullable<BigInt>,
        route -> Text,
        kbps_in -> Integer,
        kbps_out -> Integer,
        loss_permille -> Integer,
        trouble -> Text,
    }
}

diesel::table! {
    prices (id) {
        id -> BigInt,
        plan -> BigInt,
        amount -> BigInt,
        currency -> Text,
        every -> SmallInt,
        created_at -> BigInt,
        archived_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    payers (member) {
        member -> BigInt,
        number -> Integer,
    }
}

diesel::table! {
    orders (id) {
        id -> BigInt,
        buyer -> BigInt,
        client_key -> Nullable<Text>,
        provider -> SmallInt,
        state -> SmallInt,
        amount -> BigInt,
        currency -> Text,
        attempt -> Integer,
        session -> Nullable<Text>,
        url -> Nullable<Text>,
        subscription -> Nullable<BigInt>,
        note -> Text,
        answer -> Text,
        placed_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        paid_at -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        closed_by -> Nullable<BigInt>,
        promotion -> Nullable<BigInt>,
        promotion_code -> Nullable<Text>,
    }
}

diesel::table! {
    order_lines (id) {
        id -> BigInt,
        order_id -> BigInt,
        kind -> SmallInt,
        ref_id -> Nullable<BigInt>,
        plan -> Nullable<BigInt>,
        every -> Nullable<SmallInt>,
        quantity -> Integer,
        amount -> BigInt,
        text -> Text,
    }
}

diesel::table! {
    payments (id) {
        id -> BigInt,
        order_id -> BigInt,
        provider -> SmallInt,
        method -> SmallInt,
        external_id -> Nullable<Text>,
        amount -> BigInt,
        currency -> Text,
        state -> SmallInt,
        reverses -> Nullable<BigInt>,
        received_at -> BigInt,
        recorded_at -> BigInt,
        recorded_by -> Nullable<BigInt>,
        reference -> Text,
        note -> Text,
        receipt_year -> Nullable<SmallInt>,
        receipt_number -> Nullable<Integer>,
    }
}

diesel::table! {
    refunds (id) {
        id -> BigInt,
        payment -> BigInt,
        amount -> BigInt,
        note -> Text,
        after -> SmallInt,
        state -> SmallInt,
        asked_at -> BigInt,
        asked_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    disputes (payment) {
        payment -> BigInt,
        member -> BigInt,
        state -> SmallInt,
        seen_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        forgiven_at -> Nullable<BigInt>,
        forgiven_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    strange_checkouts (order_id) {
        order_id -> BigInt,
        said_order -> Nullable<BigInt>,
        payment -> Nullable<Text>,
        amount -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        seen_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        closed_by -> Nullable<BigInt>,
        subscription -> Nullable<Text>,
        returned -> BigInt,
    }
}

diesel::table! {
    receipt_counters (year) {
        year -> SmallInt,
        last -> Integer,
    }
}

diesel::table! {
    ledger (id) {
        id -> BigInt,
        transfer -> BigInt,
        at -> BigInt,
        account -> SmallInt,
        amount -> BigInt,
        currency -> Text,
    }
}

diesel::table! {
    fulfilments (line) {
        line -> BigInt,
        state -> SmallInt,
        result -> Nullable<BigInt>,
        period_start -> Nullable<BigInt>,
        period_end -> Nullable<BigInt>,
        done_at -> BigInt,
        undone_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    subscriptions (id) {
        id -> BigInt,
        member -> BigInt,
        plan -> BigInt,
        price -> Nullable<BigInt>,
        provider -> SmallInt,
        external_id -> Nullable<Text>,
        status -> SmallInt,
        every -> SmallInt,
        amount -> BigInt,
        currency -> Text,
        started_at -> BigInt,
        anchor_at -> BigInt,
        periods -> Integer,
        period_start -> BigInt,
        period_end -> BigInt,
        trial_end -> Nullable<BigInt>,
        cancels_at_end -> Bool,
        past_due_since -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        fetched_at -> BigInt,
        next_plan -> Nullable<BigInt>,
        next_price -> Nullable<BigInt>,
        next_amount -> Nullable<BigInt>,
        next_at -> Nullable<BigInt>,
        promotion -> Nullable<BigInt>,
        next_every -> Nullable<SmallInt>,
        next_paid -> Integer,
        promotion_left -> Nullable<Integer>,
    }
}

diesel::table! {
    payment_failures (subscription, at) {
        subscription -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    promotions (id) {
        id -> BigInt,
        code -> Text,
        percent -> Nullable<SmallInt>,
        amount -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        lasts -> SmallInt,
        months -> Nullable<SmallInt>,
        expires_at -> Nullable<BigInt>,
        max_uses -> Nullable<Integer>,
        uses -> Integer,
        made_by -> BigInt,
        made_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        ended_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    promotion_plans (promotion, plan) {
        promotion -> BigInt,
        plan -> BigInt,
    }
}

diesel::table! {
    plan_changes (line) {
        line -> BigInt,
        subscription -> BigInt,
        plan -> BigInt,
        price -> Nullable<BigInt>,
        amount -> BigInt,
    }
}

diesel::table! {
    test_objects (id) {
        id -> Text,
        member -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    stripe_events (id) {
        id -> BigInt,
        event -> Text,
        kind -> Text,
        object -> Nullable<Text>,
        happened_at -> BigInt,
        received_at -> BigInt,
        api_version -> Nullable<Text>,
        source -> SmallInt,
        state -> SmallInt,
        attempts -> Integer,
        error -> Nullable<Text>,
        wanted -> BigInt,
        body -> Binary,
    }
}

diesel::table! {
    stripe_objects (object) {
        object -> Text,
        wanted -> BigInt,
        fetched -> BigInt,
        fetched_at -> BigInt,
    }
}

diesel::table! {
    stripe_calls (idempotency_key) {
        idempotency_key -> Text,
        call -> Text,
        state -> SmallInt,
        attempts -> Integer,
        made_at -> BigInt,
        answered_at -> Nullable<BigInt>,
        answer -> Nullable<Text>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    secrets (name) {
        name -> Text,
        sealed -> Binary,
        set_at -> BigInt,
        set_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    gifts (id) {
        id -> BigInt,
        token -> Binary,
        plan -> BigInt,
        months -> Nullable<SmallInt>,
        note -> Text,
        made_by -> BigInt,
        made_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        order_id -> Nullable<BigInt>,
        claimed_by -> Nullable<BigInt>,
        claimed_at -> Nullable<BigInt>,
        withdrawn_at -> Nullable<BigInt>,
        withdrawn_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    letter_causes (cause) {
        cause -> Text,
        letter -> Nullable<BigInt>,
        at -> BigInt,
    }
}

diesel::table! {
    automod_rules (id) {
        id -> BigInt,
        name -> Text,
        enabled -> Bool,
        looks -> Text,
        outcome -> SmallInt,
        sentence -> Text,
        mute_minutes -> Integer,
        changed_at -> BigInt,
        changed_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    day_figures (day, figure) {
        day -> BigInt,
        figure -> SmallInt,
        value -> BigInt,
    }
}

diesel::table! {
    backups (id) {
        id -> BigInt,
        state -> SmallInt,
        begun_at -> BigInt,
        made_by -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        bytes -> Nullable<BigInt>,
        version -> Text,
        trouble -> Nullable<Text>,
        rehearsal -> SmallInt,
        rehearsed_at -> Nullable<BigInt>,
        rehearsal_trouble -> Nullable<Text>,
        found -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    facts,
    settings,
    room_heads,
    room_events,
    room_log,
    member_heads,
    member_events,
    idempotency,
    jobs,
    letters,
    audit,
    members,
    roles,
    member_roles,
    sessions,
    invites,
    one_time_links,
    sanctions,
    plans,
    plan_entitlements,
    grants,
    grant_log,
    verifications,
    member_badges,
    rooms,
    room_members,
    room_invitations,
    messages,
    reactions,
    mentions,
    read_marks,
    slow_marks,
    relations,
    contact_notes,
    reach,
    requests,
    reports,
    calls,
    call_people,
    call_stays,
    prices,
    payers,
    orders,
    order_lines,
    payments,
    receipt_counters,
    ledger,
    refunds,
    disputes,
    strange_checkouts,
    payment_failures,
    fulfilments,
    subscriptions,
    plan_changes,
    promotions,
    promotion_plans,
    test_objects,
    stripe_events,
    stripe_objects,
    stripe_calls,
    secrets,
    gifts,
    letter_causes,
    automod_rules,
    day_figures,
    backups
);

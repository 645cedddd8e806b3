//! Conversations that were held before the program ran: for the village and for load.
